"""The database's tables, step by step: one file in `versions` for each change, the same for SQLite and PostgreSQL.

A new step: add the models to `server/models.py`, then `python -m server.migrations.draft 0002 devices`, read what it wrote, mend it.
"""

from server.migrations.steps import SchemaError, migrate, pending

__all__ = ["SchemaError", "migrate", "pending"]
