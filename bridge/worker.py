"""The second half of the route: stored events are matched, acted on, and the results recorded.

Two loops. One matches what waits and writes the planned actions; the other takes lanes that are
due and runs their actions, one at a time in a lane, lanes side by side. All that passes between
receive and the worker, and between the loops, is rows in the store; what lies in memory only
spares reading them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence

import structlog

from bridge import claims
from bridge.act import Actor
from bridge.claims import Claims
from bridge.clock import Clock
from bridge.echo import Echoes
from bridge.errors import LeaseLost, StoreError
from bridge.event import EventState, NewEvent
from bridge.fence import Fence
from bridge.lane_queue import LaneQueue
from bridge.lane_turns import LaneTurns, Left, Watch
from bridge.matcher import Matcher
from bridge.matching import Matching
from bridge.store.lanes import Lane
from bridge.store.transaction import Database

LOOK_EVERY_SECONDS = 0.5
"""How often the tables are looked at for what is due and for what other processes wrote."""

log = structlog.get_logger("bridge.worker")


class Worker:
    """Runs the loops of one process.

    `start` and `stop` run them in the background; a test calls `drain` instead, which does all
    that is due by its clock and returns.
    pause_seconds: how long a loop rests when the store says no, before it tries again.
    fence, agree: as for Claims. echoes: as for Matching.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        matcher: Matcher,
        actor: Actor,
        *,
        concurrency: int = 16,
        pause_seconds: float = 1.0,
        on_event: Callable[[EventState], None] = lambda _: None,
        on_attempt: Watch = lambda _, __: None,
        on_rule_error: Callable[[str], None] = lambda _: None,
        fence: Fence | None = None,
        agree: Callable[[], Awaitable[None]] | None = None,
        echoes: Echoes | None = None,
    ) -> None:
        self._database = database
        self._concurrency = concurrency
        self._pause_seconds = pause_seconds
        fence = fence or Fence()
        self._lanes = LaneQueue()
        self._claims = Claims(database, clock, self._lanes, fence, agree)
        self._matching = Matching(
            database, clock, matcher,
            on_planned=self._planned, on_event=on_event, on_rule_error=on_rule_error,
            echoes=echoes,
        )  # fmt: skip
        self._turns = LaneTurns(
            database, clock, actor, self._matching, self._claims.owner, fence,
            on_event=on_event, on_attempt=on_attempt,
        )  # fmt: skip
        self._told = asyncio.Event()
        self._look_now = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._lane_loops: list[asyncio.Task[None]] = []
        self._stopping = False

    def tell(self, events: Sequence[tuple[int, NewEvent]], put_back: bool) -> None:
        """After a commit: these events are new; put_back: an older one waits again."""
        self._matching.tell(events, put_back)
        self._told.set()

    def _heard(self) -> None:
        """Some process wrote something that concerns all."""
        self._matching.look_again()
        self._told.set()
        self._look_now.set()

    def _planned(self, lane: Lane) -> None:
        """Matching gave a lane something to do; where lanes are claimed, it is found as due."""
        if self._database.single_process:
            self._lanes.add(lane)

    @property
    def running(self) -> bool:
        """Whether every loop is alive."""
        tasks = self._loops + self._lane_loops
        return bool(tasks) and not any(task.done() for task in tasks)

    @property
    def waiting_lanes(self) -> int:
        return len(self._lanes)

    async def start(self) -> None:
        """Starts the loops. Whatever was under way when a process ended is looked for first."""
        await self._turns.doubt_older()
        await self._database.listen(self._heard)
        loops = [self._match_loop(), self._look_loop()]
        if self._claims.owner:
            await self._claims.renew()  # there is nothing to renew yet; it puts the fence up
            loops.append(self._lease_loop())
        self._loops = [asyncio.create_task(loop) for loop in loops]
        self._lane_loops = [
            asyncio.create_task(self._lane_loop()) for _ in range(self._concurrency)
        ]

    async def stop(self, grace_seconds: float = 10.0) -> None:
        """Takes up nothing new; lets what runs end within the grace, then leaves it."""
        self._stopping = self._turns.stopping = True
        self._lanes.close()
        for task in self._loops:
            task.cancel()
        late = set(self._loops)
        if self._lane_loops:
            _, running = await asyncio.wait(self._lane_loops, timeout=grace_seconds)
            late |= running
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        self._loops, self._lane_loops = [], []

    async def drain(self) -> None:
        """Matches and acts until nothing is due by the clock's present."""
        self._matching.look_again()
        while True:
            matched = await self._matching.match_some()
            await self._claims.add_due()
            ran = False
            while (lane := self._lanes.take()) is not None:
                ran = True
                await self._run_and_release(lane)
            if not matched and not ran:
                return

    async def match(self) -> None:
        """Matches all that waits, and acts on none of it."""
        self._matching.look_again()
        await self._matching.match_all()

    # --- the loops ------------------------------------------------------------------------

    async def _match_loop(self) -> None:
        while not self._stopping:
            self._told.clear()
            if await self._survives(self._matching.match_all()):
                await self._told.wait()

    async def _look_loop(self) -> None:
        """Finds lanes whose time has come, and what other processes wrote."""
        while not self._stopping:
            self._look_now.clear()
            await self._survives(self._claims.add_due())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), LOOK_EVERY_SECONDS)
            self._matching.look_again()
            self._told.set()

    async def _lease_loop(self) -> None:
        """Renews the leases of this process while it lives."""
        while not self._stopping:
            await asyncio.sleep(claims.LEASE_MS / 3000)
            await self._survives(self._claims.renew())

    async def _lane_loop(self) -> None:
        while (lane := await self._lanes.wait_and_take()) is not None:
            await self._survives(self._run_and_release(lane))

    async def _run_and_release(self, lane: Lane) -> None:
        more = False
        try:
            await self._claims.doubt(lane)
            left = await self._turns.run(lane)
            more = left is Left.MORE
            if left is Left.IDLE:
                await self._claims.give_back(lane)
        except LeaseLost:
            self._claims.lose(lane)
            raise
        except Exception:
            # Kept, and its lease too: nothing is tried here before the doubt is written down.
            self._claims.leave_unclear(lane)
            more = True
            raise
        finally:
            self._lanes.release(lane, more)
        if self._lanes.overflowed and len(self._lanes) < self._concurrency:
            self._look_now.set()

    async def _survives(self, step: Coroutine[None, None, None]) -> bool:
        """Runs one step of a loop; false, after a pause, when it failed.

        A loop that ended would leave accepted events lying, so nothing but a cancel ends one:
        what the store refuses, and any mistake of ours, is logged, and the step comes again.
        """
        try:
            await step
        except StoreError as error:
            log.error("store", error=str(error))  # noqa: TRY400 (the text says it all)
        except Exception:  # the edge of the loop, see above
            log.exception("worker step failed")
        else:
            return True
        await asyncio.sleep(self._pause_seconds)
        return False
