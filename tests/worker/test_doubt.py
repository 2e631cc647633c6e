"""What may have happened is looked for before it is done again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bridge.errors import GiveUp
from bridge.event import EventState
from tests.worker.conftest import FarSide, Route
from tests.worker.test_worker import LOG, SCAN, TICKETS

Make = Callable[..., Route]

ONE = {**SCAN, "findings": SCAN["findings"][:1]}  # type: ignore[index]


async def test_action_whose_end_could_not_be_written_is_looked_for_before_it_is_repeated(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(LOG)
    tables = [("attempts", "away"), ("away", "attempts")]

    async def let_the_write_fail_once(call: Any) -> None:
        name, other = tables.pop(0)
        await route.database.write(lambda tx: tx.run(f"ALTER TABLE {name} RENAME TO {other}"))

    far.before = let_the_write_fail_once
    event = await route.accept("k1", SCAN)
    await route.worker.start()
    async with asyncio.timeout(20):
        while await route.states.get() is not EventState.DONE:
            pass
    await route.worker.stop()
    assert [call.may_exist for call in far.calls] == [False, True]
    assert (await route.state(event))[0] == "done"


async def test_run_that_takes_over_looks_for_every_step_of_the_one_that_died(
    make_route: Make, far: FarSide
) -> None:
    route = make_route(TICKETS)
    first = await route.accept("k1", ONE, subject="lane-1")
    second = await route.accept("k2", ONE, subject="lane-2")
    await route.worker.match()
    far.replies = []

    async def refuse_the_first_comment(call: Any) -> None:
        if len(far.calls) == 2:
            raise GiveUp("no permission")

    far.before = refuse_the_first_comment
    await route.run()
    assert far.names == ["create_ticket", "comment", "create_ticket", "comment"]
    assert [call.may_exist for call in far.calls] == [False, False, True, True]
    assert len({call.mark for call in far.calls}) == 2
    assert [(await route.state(event))[0] for event in (first, second)] == ["failed", "done"]
