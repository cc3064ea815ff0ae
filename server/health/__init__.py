"""Whether the server lives (`/healthz`) and can do its work (`/readyz`)."""

from server.health.checks import Check, Checks, NotReady, database_check, schema_check
from server.health.routes import router

__all__ = ["Check", "Checks", "NotReady", "database_check", "router", "schema_check"]
