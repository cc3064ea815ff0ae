"""passwords, the places that their owners sign in from, and the tries that failed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "password",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("hashed", sa.String(length=200), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name="fk_password_user_id_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name="pk_password"),
        sa.UniqueConstraint("login", name="uq_password_login"),
    )
    op.create_table(
        "familiar_place",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("network_hash", sa.String(length=64), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["person.id"], name="fk_familiar_place_user_id_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "network_hash", name="pk_familiar_place"),
    )
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("free_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_attempts"),
    )
    op.create_index("ix_attempts_last_ms", "attempts", ["last_ms"], unique=False)


def downgrade() -> None:
    for table in ("attempts", "familiar_place", "password"):
        op.drop_table(table)
