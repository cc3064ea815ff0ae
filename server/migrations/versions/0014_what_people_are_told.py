"""what people are told."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_address",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.String(length=4000), nullable=False),
        sa.Column("shown", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_notice_address_user_id_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_address")),
    )
    with op.batch_alter_table("notice_address", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_address_user_id"), ["user_id"], unique=False)

    op.create_table(
        "notice_mute",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_notice_mute_site_id_site"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_notice_mute_user_id_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "site_id", "kind", name=op.f("pk_notice_mute")),
    )
    with op.batch_alter_table("notice_mute", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_mute_site_id"), ["site_id"], unique=False)

    op.create_table(
        "notice",
        sa.Column("message_id", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("way", sa.String(length=24), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("device_id", sa.String(length=16), nullable=True),
        sa.Column("facts", sa.String(length=4000), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.String(length=12), nullable=False),
        sa.Column("told_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_notice_device_id_device"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_notice_user_id_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", "user_id", "way", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_device_id"), ["device_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_made_ms"), ["made_ms"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_result"), ["result"], unique=False)
        batch_op.create_index("ix_notice_user_id_made_ms", ["user_id", "made_ms"], unique=False)

    op.create_table(
        "push_subscription",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("endpoint", sa.String(length=1000), nullable=False),
        sa.Column("p256dh", sa.String(length=100), nullable=False),
        sa.Column("auth", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("browser", sa.String(length=40), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_push_subscription_session_id_session"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name=op.f("fk_push_subscription_user_id_person"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscription")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_subscription_endpoint")),
    )
    with op.batch_alter_table("push_subscription", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_push_subscription_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_push_subscription_user_id"), ["user_id"], unique=False)

    op.create_table(
        "told_outage",
        sa.Column("device_id", sa.String(length=16), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_told_outage_device_id_device"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_told_outage")),
    )


def downgrade() -> None:
    for table in ("told_outage", "push_subscription", "notice", "notice_mute", "notice_address"):
        op.drop_table(table)
