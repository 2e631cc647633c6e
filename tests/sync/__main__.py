"""`python -m tests.sync 500 --seed 7`: the storm as long as one likes, with what it came to."""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
import time
from pathlib import Path

import structlog

from tests.sync.storm import blow


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sync", description=__doc__)
    parser.add_argument("edits", type=int, nargs="?", default=500)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        storm = asyncio.run(blow(Path(folder), given.seed, given.edits))
    seconds = time.monotonic() - started
    print(f"{len(storm.made)} edits, seed {given.seed}, {seconds:.0f} s: both sides are alike")


if __name__ == "__main__":
    main()
