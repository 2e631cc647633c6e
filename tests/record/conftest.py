"""The store's own fixtures: a real SQLite file and a clock that a test moves."""

from tests.store.conftest import clock, database

__all__ = ["clock", "database"]
