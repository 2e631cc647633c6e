"""`python -m tests.sync 500 --pair github --seed 7`: a storm as long as one likes."""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
import time
from pathlib import Path

import structlog

from tests.sync.judge import check
from tests.sync.pairings import PAIRINGS
from tests.sync.storm import blown


async def run(name: str, seed: int, edits: int) -> str:
    """What it came to."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        async with blown(Path(folder), name, seed, edits) as storm:
            await check(storm)
            held = f", {len(storm.decided)} decided by a person" if storm.decided else ""
            made = len(storm.made)
    seconds = time.monotonic() - started
    return f"{name}: {made} edits, seed {seed}, {seconds:.0f} s: both sides are alike{held}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sync", description=__doc__)
    parser.add_argument("edits", type=int, nargs="?", default=500)
    parser.add_argument("--pair", choices=[*PAIRINGS, "all"], default="kibana")
    parser.add_argument("--seed", type=int, nargs="+", default=[7])
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for name in PAIRINGS if given.pair == "all" else (given.pair,):
        for seed in given.seed:
            print(asyncio.run(run(name, seed, given.edits)), flush=True)


if __name__ == "__main__":
    main()
