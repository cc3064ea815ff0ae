"""sessions with a public id, a proof of identity, and a token that can change."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("session") as batch:
        batch.add_column(sa.Column("id", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("proved_ms", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("browser", sa.String(length=40), nullable=True))
        batch.add_column(sa.Column("roles_mark", sa.String(length=16), nullable=True))
        batch.add_column(sa.Column("nonce", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("former_hash", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("former_ms", sa.BigInteger(), nullable=True))
    _fill(op.get_bind())
    with op.batch_alter_table("session") as batch:
        batch.alter_column("id", existing_type=sa.String(length=32), nullable=False)
        batch.alter_column("proved_ms", existing_type=sa.BigInteger(), nullable=False)
        batch.alter_column("browser", existing_type=sa.String(length=40), nullable=False)
        batch.alter_column("roles_mark", existing_type=sa.String(length=16), nullable=False)
        batch.create_unique_constraint("uq_session_id", ["id"])
        batch.create_index("ix_session_former_hash", ["former_hash"], unique=False)


def _fill(connection: sa.Connection) -> None:
    """Sessions that there are already: proved when they were opened, and to be renewed when they are next used."""
    names = ("token_hash", "id", "created_ms", "proved_ms", "browser", "roles_mark")
    session = sa.table("session", *[sa.column(name) for name in names])
    for (token_hash,) in connection.execute(sa.select(session.c.token_hash)).all():
        values = {"id": secrets.token_hex(8), "proved_ms": session.c.created_ms, "browser": "", "roles_mark": ""}
        connection.execute(sa.update(session).where(session.c.token_hash == token_hash).values(values))


def downgrade() -> None:
    with op.batch_alter_table("session") as batch:
        batch.drop_index("ix_session_former_hash")
        batch.drop_constraint("uq_session_id", type_="unique")
        for name in ("former_ms", "former_hash", "nonce", "roles_mark", "browser", "proved_ms", "id"):
            batch.drop_column(name)
