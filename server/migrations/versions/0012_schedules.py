"""schedules, and where the sun rises for a site."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("site") as batch:
        batch.add_column(sa.Column("latitude", sa.Float(), nullable=False, server_default="21.85"))
        batch.add_column(sa.Column("longitude", sa.Float(), nullable=False, server_default="106.76"))
    op.create_table(
        "schedule",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_schedule_site_id_site"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_schedule_device_id_device"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_schedule_made_by_person"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
    )
    op.create_index("ix_schedule_device_id", "schedule", ["device_id"], unique=False)
    op.create_index("ix_schedule_made_by", "schedule", ["made_by"], unique=False)
    op.create_index("ix_schedule_site_id", "schedule", ["site_id"], unique=False)


def downgrade() -> None:
    op.drop_table("schedule")
    with op.batch_alter_table("site") as batch:
        batch.drop_column("longitude")
        batch.drop_column("latitude")
