"""The short form of the storm; `python -m tests.sync 500 --seed 7` runs a longer one."""

from __future__ import annotations

import os
from pathlib import Path

from tests.sync.storm import blow

EDITS = int(os.environ.get("SYNC_STORM_EDITS", "14"))
SEED = int(os.environ.get("SYNC_STORM_SEED", "7"))


async def test_both_sides_end_alike_with_the_newest_of_what_people_said(tmp_path: Path) -> None:
    storm = await blow(tmp_path, SEED, EDITS, pairs=2)
    assert storm.left == 0
    assert len(storm.made) > EDITS / 2
