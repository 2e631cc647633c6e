"""A lane's turn: what is due of it is acted on in order, one action at a time, and recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum

import structlog

from bridge.act import Actor, Attempted
from bridge.action import OnFailure
from bridge.clock import Clock
from bridge.event import EventState
from bridge.fence import Fence
from bridge.guards import take_turn
from bridge.matching import Matching
from bridge.record import record_ended, record_run_skipped
from bridge.replanning import plan_anew
from bridge.store.actions import MATCH, StoredAction, newest_action
from bridge.store.attempts import AttemptOutcome
from bridge.store.lanes import Lane
from bridge.store.runs import Run
from bridge.store.transaction import Database
from bridge.store.waiting import read_waiting

LANE_TURN = 16
"""Actions a lane may run before it goes to the end of the line."""

Watch = Callable[[StoredAction, Attempted], None]
"""Told of each try after it is recorded, for metrics."""

log = structlog.get_logger("bridge.worker")


class LaneTurns:
    """Runs lanes of one process.

    owner: who has their leases, on PostgreSQL.
    on_event: told how an event stands when it has ended.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        actor: Actor,
        matching: Matching,
        owner: str,
        fence: Fence,
        *,
        on_event: Callable[[EventState], None],
        on_attempt: Watch,
    ) -> None:
        self._database = database
        self._clock = clock
        self._actor = actor
        self._matching = matching
        self._owner = owner
        self._fence = fence
        self._on_event = on_event
        self._on_attempt = on_attempt
        self._doubt_to = 0
        self.stopping = False

    async def doubt_older(self) -> None:
        """On SQLite no claim is written: any action that is there now may have been under way when
        the last process ended, and is looked for before it is repeated."""
        if self._database.single_process:
            self._doubt_to = await self._database.read(newest_action)

    async def run(self, lane: Lane) -> Left:
        """Runs what is due of one lane, in order, until its turn or its work ends."""
        self._fence.begin()
        waiting = await self._database.read(
            lambda tx: read_waiting(tx, lane, self._owner, LANE_TURN), single=True
        )
        over: set[str] = set()
        for action, run in waiting:
            if action.run_id in over:
                continue
            if action.next_try_at > self._clock() or self.stopping:
                return Left.IDLE
            doubtful = replace(action, may_exist=action.may_exist or action.seq <= self._doubt_to)
            after = await self._run_action(doubtful, run)
            if after is Next.LANE_WAITS:
                return Left.GIVEN_BACK
            if after is Next.READ_AGAIN:
                return Left.MORE
            if after is Next.RUN_IS_OVER:
                over.add(action.run_id)
        return Left.MORE if waiting else Left.IDLE

    async def _run_action(self, action: StoredAction, run: Run) -> Next:
        """Tries one action and records it; says what the lane does next."""
        if action.planned.name == MATCH:
            await self._matching.match_in_lane(action, self._owner)
            return Next.READ_AGAIN
        if await plan_anew(self._database, self._actor.matcher, action, run, self._owner):
            return Next.READ_AGAIN
        turn = await take_turn(self._database, self._clock, action, run, self._owner)
        if turn.read_again:
            return Next.READ_AGAIN
        if turn.skip_run:
            recorded = await self._database.write(
                lambda tx: record_run_skipped(tx, action, turn.skip_run, self._clock(), self._owner)
            )
            return Next.RUN_IS_OVER if recorded.goes_on else Next.LANE_WAITS
        attempted = await self._actor.act(action, run, turn)
        recorded = await self._database.write(
            lambda tx: record_ended(
                tx, action, attempted.ended, run.on_failure, self._clock(), self._owner
            )
        )
        if attempted.ended.counted:
            self._note_attempt(action, attempted)
        if recorded.state not in (None, EventState.MATCHED):
            self._on_event(recorded.state)
        if not recorded.goes_on:
            return Next.LANE_WAITS
        after = what_next(attempted.ended.attempt.outcome, run.on_failure)
        # The steps behind this one were read before the run took over: now they are in doubt too.
        return Next.READ_AGAIN if turn.may_exist and after is Next.GO_ON else after

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


class Left(Enum):
    """How a lane's turn left it."""

    MORE = "it has something to do at once"
    IDLE = "it has nothing to do now, and is still to be given back"
    GIVEN_BACK = "it is given back"


class Next(Enum):
    """What a lane does after one of its actions."""

    GO_ON = "go on"
    RUN_IS_OVER = "the rest of the run was skipped"
    LANE_WAITS = "nothing is due in it now: it is given back"
    READ_AGAIN = "what was read of it is out of date"


def what_next(outcome: AttemptOutcome, on_failure: OnFailure) -> Next:
    """What a lane that goes on does after a try."""
    if outcome is AttemptOutcome.AGAIN:
        return Next.READ_AGAIN  # it waits no longer than until now
    if outcome is AttemptOutcome.DEAD and on_failure is OnFailure.STOP:
        return Next.RUN_IS_OVER
    return Next.GO_ON


QUIET = (AttemptOutcome.DONE, AttemptOutcome.FOUND, AttemptOutcome.SKIPPED)
