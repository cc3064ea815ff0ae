"""The first tables: facts, people and sites, devices, commands and events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fact",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_fact"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_site"),
        sa.UniqueConstraint("slug", name="uq_site_slug"),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.Column("about", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_device_site_id_site"),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
    )
    op.create_index("ix_device_site_id", "device", ["site_id"], unique=False)
    op.create_table(
        "member",
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_member_site_id_site", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name="fk_member_user_id_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("site_id", "user_id", name="pk_member"),
    )
    op.create_index("ix_member_user_id", "member", ["user_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name="fk_session_user_id_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
    )
    op.create_index("ix_session_ends_ms", "session", ["ends_ms"], unique=False)
    op.create_index("ix_session_user_id", "session", ["user_id"], unique=False)
    op.create_table(
        "sign_in_link",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name="fk_sign_in_link_user_id_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sign_in_link"),
    )
    op.create_index("ix_sign_in_link_user_id", "sign_in_link", ["user_id"], unique=False)
    op.create_table(
        "channel_report",
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=True),
        sa.Column("since_ms", sa.BigInteger(), nullable=True),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.String(length=20), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=True),
        sa.Column("told_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_channel_report_device_id_device"),
        sa.PrimaryKeyConstraint("device_id", "channel", name="pk_channel_report"),
    )
    op.create_table(
        "command",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("for_s", sa.Integer(), nullable=True),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("fate", sa.String(length=20), nullable=False),
        sa.Column("journal", sa.String(length=16), nullable=True),
        sa.Column("handed_over", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=80), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("published_ms", sa.BigInteger(), nullable=True),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Column("settled_ms", sa.BigInteger(), nullable=True),
        sa.Column("read_back", sa.Boolean(), nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=True),
        sa.Column("clamped", sa.Boolean(), nullable=True),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("retry_after_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_command_device_id_device"),
        sa.PrimaryKeyConstraint("id", name="pk_command"),
    )
    op.create_index("ix_command_device_id_created_ms", "command", ["device_id", "created_ms"], unique=False)
    op.create_index("ix_command_fate", "command", ["fate"], unique=False)
    op.create_index("uq_command_actor_id_idempotency_key", "command", ["actor_id", "idempotency_key"], unique=True)
    op.create_table(
        "event",
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("journal", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=True),
        sa.Column("on", sa.Boolean(), nullable=True),
        sa.Column("cause", sa.String(length=20), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=True),
        sa.Column("command", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_event_device_id_device"),
        sa.PrimaryKeyConstraint("device_id", "journal", "seq", name="pk_event"),
    )
    op.create_index("ix_event_device_id_at_ms", "event", ["device_id", "at_ms"], unique=False)
    op.create_table(
        "journal_mark",
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("journal", sa.String(length=16), nullable=False),
        sa.Column("have_seq", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_journal_mark_device_id_device"),
        sa.PrimaryKeyConstraint("device_id", "journal", name="pk_journal_mark"),
    )
    op.create_table(
        "presence_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_presence_change_device_id_device"),
        sa.PrimaryKeyConstraint("id", name="pk_presence_change"),
    )
    op.create_index("ix_presence_change_device_id", "presence_change", ["device_id"], unique=False)


def downgrade() -> None:
    for table in (
        "presence_change",
        "journal_mark",
        "event",
        "command",
        "channel_report",
        "sign_in_link",
        "session",
        "member",
        "device",
        "site",
        "person",
        "fact",
    ):
        op.drop_table(table)
