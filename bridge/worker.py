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
from dataclasses import replace
from enum import Enum

import structlog

from bridge.act import Actor, Attempted
from bridge.action import OnFailure
from bridge.backlog import Backlog
from bridge.clock import Clock, new_id
from bridge.errors import LeaseLost, StoreError
from bridge.event import JSON, EventState, NewEvent, StoredEvent
from bridge.fence import Fence
from bridge.guards import take_turn
from bridge.lane_queue import IN_MEMORY, LaneQueue
from bridge.matcher import Matcher
from bridge.record import (
    Matched,
    record_ended,
    record_matched,
    record_matched_in_lane,
    record_run_skipped,
)
from bridge.store.actions import MATCH, StoredAction, newest_action, read_lane
from bridge.store.attempts import AttemptOutcome
from bridge.store.events import get_event
from bridge.store.lanes import (
    Lane,
    Lease,
    check_owner,
    claim_lanes,
    doubt_own_lane,
    due_lanes,
    is_held,
    release_lane,
    renew_leases,
)
from bridge.store.links import find_link
from bridge.store.runs import Run, get_run
from bridge.store.transaction import Database, Transaction

MATCH_BATCH = 16
"""Events matched and written at once. Neither waits for anything on SQLite, so a larger batch would
hold up the requests that come in meanwhile: 16 take about 4 ms. In the writer's thread the
statements took nearly twice as long, and took the interpreter from the requests all the same."""

LANE_TURN = 16
"""Actions a lane may run before it goes to the end of the line."""

LOOK_EVERY_SECONDS = 0.5
"""How often the tables are looked at for what is due and for what other processes wrote."""

CLAIM = 100
"""Lanes claimed at once; on PostgreSQL a claim costs a round trip and a commit."""

LEASE_MS = 30_000
"""How long a lane stays with a process that has gone silent, before another takes it over."""

Watch = Callable[[StoredAction, Attempted], None]
"""Told of each try after it is recorded, for metrics."""

log = structlog.get_logger("bridge.worker")


class Worker:
    """Runs the loops of one process.

    `start` and `stop` run them in the background; a test calls `drain` instead, which does all
    that is due by its clock and returns.
    pause_seconds: how long a loop rests when the store says no, before it tries again.
    fence: shared with what sends requests; told when the leases are renewed.
    agree: puts the clock right, which all nodes share; called as often as leases are renewed.
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
    ) -> None:
        self._database = database
        self._clock = clock
        self._matcher = matcher
        self._actor = actor
        self._concurrency = concurrency
        self._pause_seconds = pause_seconds
        self._on_event = on_event
        self._on_attempt = on_attempt
        self._on_rule_error = on_rule_error
        self._fence = fence or Fence()
        self._agree = agree
        self._backlog = Backlog(database)
        self._lanes = LaneQueue()
        self._told = asyncio.Event()
        self._look_now = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._lane_loops: list[asyncio.Task[None]] = []
        self._stopping = False
        # On SQLite no claim is written: any older action may have been under way at the end of
        # the last process, and is looked for before it is repeated.
        self._doubt_to = 0
        # Lanes in which something was done that could not be recorded.
        self._unclear: set[Lane] = set()
        # On SQLite the one process needs no lease, and an empty owner stands for that.
        self._owner = "" if database.single_process else new_id("wrk", clock())

    def tell(self, events: Sequence[tuple[int, NewEvent]], put_back: bool) -> None:
        """After a commit: these events are new; put_back: an older one waits again."""
        self._backlog.tell(events, put_back)
        self._told.set()

    def _heard(self) -> None:
        """Some process wrote something that concerns all."""
        self._backlog.look_again()
        self._told.set()
        self._look_now.set()

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
        if self._database.single_process:
            self._doubt_to = await self._database.read(newest_action)
        await self._database.listen(self._heard)
        loops = [self._match_loop(), self._look_loop()]
        if self._owner:
            await self._renew()  # there is nothing to renew yet; it puts the fence up
            loops.append(self._lease_loop())
        self._loops = [asyncio.create_task(loop) for loop in loops]
        self._lane_loops = [
            asyncio.create_task(self._lane_loop()) for _ in range(self._concurrency)
        ]

    async def stop(self, grace_seconds: float = 10.0) -> None:
        """Takes up nothing new; lets what runs end within the grace, then leaves it."""
        self._stopping = True
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
        self._backlog.look_again()
        while True:
            matched = await self._match_some()
            await self._add_due_lanes()
            ran = False
            while (lane := self._lanes.take()) is not None:
                ran = True
                await self._run_and_release(lane)
            if not matched and not ran:
                return

    # --- matching -------------------------------------------------------------------------

    async def match(self) -> None:
        """Matches all that waits, and acts on none of it."""
        self._backlog.look_again()
        await self._match_all()

    async def _match_loop(self) -> None:
        while not self._stopping:
            self._told.clear()
            if await self._survives(self._match_all()):
                await self._told.wait()

    async def _match_all(self) -> None:
        while await self._match_some():
            pass

    async def _match_some(self) -> int:
        """Matches the next events and writes what is planned; gives how many there were."""
        if not await self._database.lead("match"):
            return 0  # another process matches, so that the events of a lane keep their order
        events = await self._backlog.take(MATCH_BATCH)
        if not events:
            return 0
        now = self._clock()
        matched = [self._matcher.match(event, now) for event in events]
        version = self._matcher.version

        async def work(tx: Transaction) -> list[EventState | None]:
            return [await record_matched(tx, one, version, now) for one in matched]

        try:
            states = await self._database.write(work, short=True)
        except BaseException:
            self._backlog.look_again()
            raise
        for one, state in zip(matched, states, strict=True):
            self._note_matched(one, state)
        return len(events)

    def _note_matched(self, matched: Matched, state: EventState | None) -> None:
        event = matched.stored
        if state is None:
            return
        self._on_event(state)
        self._note_errors(matched)
        if matched.unreadable:
            log.error("event unreadable", event_id=event.id, reason=matched.unreadable)
        if state is EventState.MATCHED and self._database.single_process:
            self._lanes.add((event.tenant, event.subject))

    def _note_errors(self, matched: Matched) -> None:
        for rule, error in matched.errors.items():
            self._on_rule_error(rule)
            log.warning("rule error", event_id=matched.stored.id, rule=rule, error=error)

    # --- acting ---------------------------------------------------------------------------

    async def _look_loop(self) -> None:
        """Finds lanes whose time has come, and what other processes wrote."""
        while not self._stopping:
            self._look_now.clear()
            await self._survives(self._add_due_lanes())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), LOOK_EVERY_SECONDS)
            self._backlog.look_again()
            self._told.set()

    async def _add_due_lanes(self) -> None:
        """Claims lanes that are due; on SQLite, where nothing is claimed, those of others too."""
        now = self._clock()
        if self._database.single_process:
            more = IN_MEMORY if self._lanes.overflowed else CLAIM
            limit = len(self._lanes) + self._lanes.running + more
            due = await self._database.read(lambda tx: due_lanes(tx, now, limit))
            self._lanes.overflowed = len(due) == limit
        else:
            limit, lease = CLAIM - len(self._lanes), self._lease()
            if limit <= 0:
                return
            due = await self._database.write(lambda tx: claim_lanes(tx, now, limit, lease))
        for lane in due:
            self._lanes.add(lane)

    def _lease(self) -> Lease:
        return Lease(self._owner, LEASE_MS)

    async def _lease_loop(self) -> None:
        """Renews the leases of this process while it lives."""
        while self._owner and not self._stopping:
            await asyncio.sleep(LEASE_MS / 3000)
            await self._survives(self._renew())

    async def _renew(self) -> None:
        if self._agree is not None:
            await self._agree()
        lease, asked_at = self._lease(), self._fence.monotonic()
        await self._database.write(lambda tx: renew_leases(tx, lease))
        self._fence.renewed(asked_at, LEASE_MS / 1000)

    async def _lane_loop(self) -> None:
        while (lane := await self._lanes.wait_and_take()) is not None:
            await self._survives(self._run_and_release(lane))

    async def _run_and_release(self, lane: Lane) -> None:
        more = False
        try:
            if lane in self._unclear:
                await self._database.write(lambda tx: doubt_own_lane(tx, lane, self._owner))
                self._unclear.discard(lane)
            more = await self._run_lane(lane)
            if self._owner and not more:
                await self._database.write(lambda tx: release_lane(tx, lane, self._owner))
        except LeaseLost:  # whoever has the lane now looks for what was done here
            self._unclear.discard(lane)
            raise
        except Exception:
            # Kept, and its lease too: nothing is tried here before the doubt is written down.
            self._unclear.add(lane)
            more = True
            raise
        finally:
            self._lanes.release(lane, more)
        if (self._owner or self._lanes.overflowed) and len(self._lanes) < self._concurrency:
            self._look_now.set()

    async def _run_lane(self, lane: Lane) -> bool:
        """Runs what is due of one lane, in order; true when its turn ended before its work."""
        self._fence.begin()
        waiting = await self._database.read(lambda tx: read_waiting(tx, lane, self._owner))
        over: set[str] = set()
        for action, run in waiting:
            if action.run_id in over:
                continue
            if action.next_try_at > self._clock() or self._stopping:
                return False
            doubtful = replace(action, may_exist=action.may_exist or action.seq <= self._doubt_to)
            after = await self._run_action(doubtful, run)
            if after is Next.LANE_WAITS:
                return False
            if after is Next.READ_AGAIN:
                return True
            if after is Next.RUN_IS_OVER:
                over.add(action.run_id)
        return len(waiting) == LANE_TURN

    async def _run_action(self, action: StoredAction, run: Run) -> Next:
        """Tries one action and records it; says what the lane does next."""
        if action.planned.name == MATCH:
            await self._match_in_lane(action)
            return Next.READ_AGAIN
        turn = await take_turn(self._database, self._clock, action, run, self._owner)
        if turn.out_of_turn:
            return Next.READ_AGAIN
        if turn.skip_run:
            await self._database.write(
                lambda tx: record_run_skipped(tx, action, turn.skip_run, self._clock(), self._owner)
            )
            return Next.RUN_IS_OVER
        attempted = await self._actor.act(action, run, turn)
        state = await self._database.write(
            lambda tx: record_ended(
                tx, action, attempted.ended, run.on_failure, self._clock(), self._owner
            )
        )
        if attempted.ended.counted:
            self._note_attempt(action, attempted)
        if state is not None and state is not EventState.MATCHED:
            self._on_event(state)
        after = what_next(attempted.ended.attempt.outcome, run.on_failure)
        # The steps behind this one were read before the run took over: now they are in doubt too.
        return Next.READ_AGAIN if turn.may_exist and after is Next.GO_ON else after

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

    def _note_attempt(self, action: StoredAction, attempted: Attempted) -> None:
        attempt = attempted.ended.attempt
        self._on_attempt(action, attempted)
        write = log.info if attempt.outcome in QUIET else log.warning
        write(
            "attempt",
            event_id=action.event_id,
            rule=action.rule,
            action=action.planned.name,
            id=action.id,
            number=attempt.number,
            outcome=attempt.outcome.value,
            duration_ms=attempt.duration_ms,
            next_try_at=attempt.next_try_at,
            reason=attempt.reason,
        )

    async def _match_in_lane(self, step: StoredAction) -> None:
        """Asks the rules that read `link`, now that all earlier events of the lane are through."""
        now = self._clock()
        stored, link = await self._database.read(lambda tx: read_with_link(tx, step.event_id))
        matched = self._matcher.match(stored, now, link=link)
        await self._database.write(
            lambda tx: record_matched_in_lane(tx, matched, step, now, self._owner)
        )
        self._note_errors(matched)


class Next(Enum):
    """What a lane does after one of its actions."""

    GO_ON = "go on"
    RUN_IS_OVER = "the rest of the run was skipped"
    LANE_WAITS = "the action is tried again later, or holds the lane"
    READ_AGAIN = "what was read of it is out of date"


def what_next(outcome: AttemptOutcome, on_failure: OnFailure) -> Next:
    """What a lane does after a try."""
    if outcome is AttemptOutcome.AGAIN:
        return Next.LANE_WAITS
    if outcome is not AttemptOutcome.DEAD:
        return Next.GO_ON
    match on_failure:
        case OnFailure.HOLD:
            return Next.LANE_WAITS
        case OnFailure.CONTINUE:
            return Next.GO_ON
        case OnFailure.STOP:
            return Next.RUN_IS_OVER


async def read_waiting(tx: Transaction, lane: Lane, owner: str) -> list[tuple[StoredAction, Run]]:
    """The next actions of a lane, each with its run; none while it is held. Raises LeaseLost."""
    await check_owner(tx, lane, owner)
    if not owner and await is_held(tx, lane):
        return []  # a newer event put it into the line again; where lanes are claimed, none does
    actions = await read_lane(tx, *lane, LANE_TURN)
    runs = {run_id: await get_run(tx, run_id) for run_id in {one.run_id for one in actions}}
    return [(action, runs[action.run_id]) for action in actions]


async def read_with_link(tx: Transaction, event_id: str) -> tuple[StoredEvent, JSON]:
    """An event, and what its subject is tied to."""
    stored = await get_event(tx, event_id)
    link = await find_link(tx, stored.tenant, stored.subject)
    return stored, link.as_json() if link else {}


QUIET = (AttemptOutcome.DONE, AttemptOutcome.FOUND, AttemptOutcome.SKIPPED)
