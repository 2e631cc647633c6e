"""`bridge serve` with one kill armed, a clock that can be put forward and back, and a disk that
can be full: `python -m tests.chaos.entry CONFIG CONTROL [POINT N]`.

CONTROL is a folder: its file `clock` holds the milliseconds that the clock is off, and while there
is a file `disk-full` the SQLite database cannot grow.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import bridge.calling
import bridge.claims
from bridge.clock import wall_clock
from bridge.configuration import load_settings
from bridge.process import run, serve
from bridge.store.transaction import Transaction
from tests.chaos.points import Trigger, arm

LEASE_MS = 3_000
"""Instead of half a minute, so that a take-over is seen within a short run."""
MARGIN_MS = 1_000
LOOK_SECONDS = 0.05
MOST_PAGES = 1_073_741_823
"""SQLite's own limit, for taking ours away again."""


class Control:
    """What the folder says now; looked at by a thread, so that a busy loop is not asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.clock_off_ms = 0
        self.disk_full = False
        self._is_full = False
        self._look()
        threading.Thread(target=self._watch, daemon=True).start()

    def clock(self) -> int:
        return wall_clock() + self.clock_off_ms

    async def fill_disk(self, tx: Transaction) -> None:
        """Takes the room for further pages away, or gives it back."""
        if tx.engine != "sqlite" or self._is_full == self.disk_full:
            return
        self._is_full = self.disk_full
        row = await tx.row("PRAGMA page_count")
        assert row is not None
        most = int(row[0]) if self._is_full else MOST_PAGES
        await tx.row(f"PRAGMA max_page_count={most}")

    def _look(self) -> None:
        file = self._folder / "clock"
        text = file.read_text() if file.exists() else ""
        self.clock_off_ms = int(text or 0)
        self.disk_full = (self._folder / "disk-full").exists()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            self._look()


def main(config: str, folder: str, point: str = "", nth: str = "0") -> None:
    control = Control(Path(folder))
    bridge.claims.LEASE_MS = LEASE_MS
    bridge.calling.OBJECT_MARGIN_MS = MARGIN_MS
    arm(Trigger(point, int(nth)), control.fill_disk)
    run(serve(load_settings(Path(config), {}), clock=control.clock))


if __name__ == "__main__":
    main(*sys.argv[1:])
