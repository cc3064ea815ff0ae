"""For developers: write the next step's file from what the models have and the steps do not."""

import argparse

from alembic import command
from sqlalchemy import create_engine

from server.migrations.steps import alembic_config


def main() -> None:
    """`python -m server.migrations.draft 0002 devices`: on an empty database in memory."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("revision")
    parser.add_argument("message")
    chosen = parser.parse_args()
    with create_engine("sqlite://").connect() as connection:
        config = alembic_config(connection)
        command.upgrade(config, "heads")
        command.revision(config, chosen.message, autogenerate=True, rev_id=chosen.revision)


if __name__ == "__main__":
    main()
