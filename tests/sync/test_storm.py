"""Short storms over every pair; `python -m tests.sync 500 --pair all` has longer ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.sync.judge import check
from tests.sync.pairings import PAIRINGS
from tests.sync.storm import blown

EDITS = int(os.environ.get("SYNC_STORM_EDITS", "25"))
SEED = int(os.environ.get("SYNC_STORM_SEED", "7"))


@pytest.mark.parametrize("name", PAIRINGS)
async def test_both_sides_end_alike_with_what_people_said_last(tmp_path: Path, name: str) -> None:
    async with blown(tmp_path, name, SEED, EDITS, pairs=2) as storm:
        await check(storm)
        assert storm.left == 0
        assert len(storm.made) > EDITS / 4
