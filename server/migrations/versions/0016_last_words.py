"""the last word of a device before it went."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("presence_change", sa.Column("heard_ms", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("presence_change", schema=None) as batch_op:
        batch_op.drop_column("heard_ms")
