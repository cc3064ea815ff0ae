"""what owners choose for channels, and a place's tariff."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_setting",
        sa.Column("device_id", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=True),
        sa.Column("icon", sa.String(length=20), nullable=True),
        sa.Column("power_w", sa.Integer(), nullable=True),
        sa.Column("ask_first", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_channel_setting_device_id_device")),
        sa.PrimaryKeyConstraint("device_id", "channel", name=op.f("pk_channel_setting")),
    )
    with op.batch_alter_table("site") as batch:
        batch.add_column(sa.Column("tariff_vnd_kwh", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("site") as batch:
        batch.drop_column("tariff_vnd_kwh")
    op.drop_table("channel_setting")
