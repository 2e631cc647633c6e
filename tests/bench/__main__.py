"""`make bench`: every measure there is, as one table.

`python -m tests.bench [NAME …]` runs only those named. Exits with 1 when a figure misses what it
is held against. No test asserts a time; this is where times are looked at.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from tests.bench.table import Row, show

MEASURES = ("start", "rules", "ingest", "wire", "backlog", "nodes", "backtest", "pages")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASURES)}")
    names = parser.parse_args().names or MEASURES
    rows: list[Row] = []
    for name in names:
        if name not in MEASURES:
            parser.error(f'there is no measure "{name}"; there are {", ".join(MEASURES)}')
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"tests.bench.{name}").measure()
    print(show(rows))
    return 1 if any(row.ok is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
