"""A fixed share of a processor for a process, so that nodes are measured and not the machine.

Through a control group with a quota, where the machine lets us make one: version 1 or 2.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
PERIOD_US = 20_000


def can_share() -> bool:
    """Whether a quota can be given here."""
    with contextlib.suppress(OSError), share_of(None, 0.5):
        return True
    return False


@contextmanager
def share_of(pid: int | None, share: float) -> Iterator[None]:
    """Holds a process to a share of one processor until the block ends. Raises OSError."""
    first = (GROUPS / "cpu").is_dir()
    home = GROUPS / "cpu" if first else GROUPS
    group = home / f"bridge-bench-{os.getpid()}-{pid or 0}"
    group.mkdir()
    try:
        quota = int(PERIOD_US * share)
        if first:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        if pid is not None:
            (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        leave(group, home)


def leave(group: Path, home: Path) -> None:
    """Puts what is still in a group back where it came from, and takes the group away."""
    for pid in (group / "cgroup.procs").read_text().split():
        with contextlib.suppress(OSError):  # it has just ended
            (home / "cgroup.procs").write_text(pid)
    group.rmdir()
