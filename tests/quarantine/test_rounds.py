"""Work that is asked for often is done now and then, and none of it is left at the end."""

from __future__ import annotations

import asyncio

from bridge.rounds import Rounds


async def test_what_is_asked_for_in_one_go_is_one_round() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    rounds = Rounds(work, pause_seconds=3600)
    for _ in range(5):
        rounds.ask()
    await asyncio.sleep(0)
    assert done == [1]
    await rounds.close()
    assert done == [1]


async def test_end_does_what_was_asked_for_during_the_rest_without_waiting_for_its_end() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    rounds = Rounds(work, pause_seconds=3600)
    rounds.ask()
    await asyncio.sleep(0)
    rounds.ask()
    await rounds.close()
    assert done == [1, 1]


async def test_end_waits_for_the_round_under_way() -> None:
    begun, may_end, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        done.append(1)

    rounds = Rounds(work, pause_seconds=3600)
    rounds.ask()
    await begun.wait()
    closing = asyncio.create_task(rounds.close())
    await asyncio.sleep(0)
    may_end.set()
    await closing
    assert done == [1]


async def test_round_that_failed_does_not_keep_the_next_from_being_done() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)
        if len(done) == 1:
            raise ValueError("made up")

    rounds = Rounds(work, pause_seconds=0)
    rounds.ask()
    (task,) = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.wait([task])
    assert isinstance(task.exception(), ValueError)
    rounds.ask()
    await rounds.close()
    assert done == [1, 1]
