"""What Alembic runs around the steps. The connection comes from `steps`, which owns its transaction."""

from typing import Any, Literal

from alembic import context
from sqlmodel import AutoString

from server.models import metadata


def render_item(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """SQLModel's strings are plain ones in the steps, which must not depend on SQLModel."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    render_item=render_item,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
