"""the events of one channel are found without reading those of the others."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_event_device_id_channel_at_ms", "event", ["device_id", "channel", "at_ms"])


def downgrade() -> None:
    op.drop_index("ix_event_device_id_channel_at_ms", table_name="event")
