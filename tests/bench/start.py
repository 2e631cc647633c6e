"""How long the program takes to say what it can do."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.bench.table import Row, bound

BRIDGE = Path(sys.executable).with_name("bridge")


def measure() -> list[Row]:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([BRIDGE, "--help"], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return [bound("bridge --help, the best of five", min(times), 0.3, "s")]
