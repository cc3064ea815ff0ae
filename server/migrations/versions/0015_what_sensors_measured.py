"""what sensors measured."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("reading", "reading_now"):
        keys = ["device_id", "channel", "at_ms"] if name == "reading" else ["device_id", "channel"]
        op.create_table(
            name,
            sa.Column("device_id", sa.String(length=16), nullable=False),
            sa.Column("channel", sa.String(length=32), nullable=False),
            sa.Column("at_ms", sa.BigInteger(), nullable=False),
            sa.Column("value", sa.Float(), nullable=False),
            sa.Column("unit", sa.String(length=12), nullable=False),
            sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f(f"fk_{name}_device_id_device")),
            sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")),
        )
    op.create_index("ix_reading_at_ms", "reading", ["at_ms"], unique=False)


def downgrade() -> None:
    op.drop_table("reading_now")
    op.drop_table("reading")
