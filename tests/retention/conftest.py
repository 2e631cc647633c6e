"""The store's own fixtures: a real store on each engine and a clock that a test moves."""

from tests.store.conftest import clock, database, postgres_server, sqlite, store_url

__all__ = ["clock", "database", "postgres_server", "sqlite", "store_url"]
