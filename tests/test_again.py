"""A call whose answer was lost is repeated while its caller waits, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bridge.again import PATIENCE_SECONDS, TRIES, until_sure
from bridge.errors import ConnectorError, GiveUp, TryAgain


def lost() -> TryAgain:
    return TryAgain("no answer", may_have_happened=True)


def lagging(seconds: float = 3.0) -> TryAgain:
    return TryAgain("the search has to catch up", after_seconds=seconds)


@dataclass
class Work:
    """Fails with these, one after the other, then gives `done`."""

    ends: list[ConnectorError]
    told: list[bool] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    async def __call__(self, doubt: bool) -> str:
        self.told.append(doubt)
        if self.ends:
            raise self.ends.pop(0)
        return "done"

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_what_succeeds_is_done_once() -> None:
    work = Work([])
    assert await until_sure(work, work.sleep) == "done"
    assert (work.told, work.slept) == ([False], [])


async def test_lost_answers_are_looked_for_at_once() -> None:
    work = Work([lost(), lost()])
    assert await until_sure(work, work.sleep) == "done"
    assert (work.told, work.slept) == ([False, True, True], [])


async def test_a_search_that_lags_is_waited_for() -> None:
    work = Work([lost(), lagging()])
    assert await until_sure(work, work.sleep) == "done"
    assert (work.told, work.slept) == ([False, True, True], [3.0])


@pytest.mark.parametrize("end", [lagging(), GiveUp("no")])
async def test_what_failed_without_doubt_is_not_repeated(end: ConnectorError) -> None:
    work = Work([end])
    with pytest.raises(ConnectorError) as raised:
        await until_sure(work, work.sleep)
    assert raised.value is end
    assert work.told == [False]


async def test_what_stays_in_doubt_says_so() -> None:
    work = Work([lost(), lagging(PATIENCE_SECONDS + 1)])
    with pytest.raises(TryAgain) as raised:
        await until_sure(work, work.sleep)
    assert raised.value.may_have_happened
    assert work.slept == []


async def test_it_ends_where_every_answer_is_lost() -> None:
    work = Work([lost() for _ in range(TRIES + 1)])
    with pytest.raises(TryAgain):
        await until_sure(work, work.sleep)
    assert len(work.told) == TRIES
