"""What travels from the rules to other systems: shapes, plans, calls and outcomes.

Frozen values only; nothing here reads, writes or waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel

from bridge.event import JSON

P = TypeVar("P", bound=BaseModel)


class ActionState(StrEnum):
    """Where a planned action is."""

    PENDING = "pending"
    """To be run as soon as its lane is free."""
    RUNNING = "running"
    """Being tried now, under a lease (PostgreSQL) or by the one process (SQLite)."""
    WAITING = "waiting"
    """To be tried again, not before its next try."""
    DONE = "done"
    SKIPPED = "skipped"
    """Not run, and never will be; the reason says why."""
    DEAD = "dead"
    """Given up; stays with its whole trail until it is replayed or discarded."""


UNFINISHED = (ActionState.PENDING, ActionState.RUNNING, ActionState.WAITING)


class OnFailure(StrEnum):
    """What becomes of the rest when an action is dead."""

    STOP = "stop"
    """The later steps of its run are skipped; the lane goes on."""
    CONTINUE = "continue"
    """The later steps run all the same."""
    HOLD = "hold"
    """The whole lane waits for a person."""


@dataclass(frozen=True, slots=True)
class ActionShape:
    """All that a rule needs to know about an action; the code behind it stays with its connector.

    parameters: the model; it refuses unknown keys.
    rich: parameters holding text in a markup, with the markup meant when `format` is absent.
    outputs: what later steps may read, name and one sentence each.
    example: a YAML fragment that is checked by the tests and shown in the documentation.
    """

    name: str
    sentence: str
    parameters: type[BaseModel]
    outputs: Mapping[str, str]
    example: str
    rich: Mapping[str, str] = field(default_factory=dict)
    needs_integration: bool = True


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One step of a run, rendered as far as it can be before the earlier steps have run.

    position: its place in the rule's `then`, from 0.
    step: the id under which later steps read its outputs; may be empty.
    integration: the configured integration's name; empty where the action needs none.
    parameters: rendered. Leaves named in `deferred` still hold their template's text.
    deferred: JSON pointers into `parameters` whose templates read `steps`, `link` or `group`
        and are rendered when the action's turn comes. What an event said is never rendered again.
    condition: the action's own `when`, where it must be judged at its turn; else empty.
    skip: why it will not run, when that is known already; else empty.
    """

    position: int
    name: str
    step: str
    integration: str
    parameters: JSON
    deferred: tuple[str, ...] = ()
    condition: str = ""
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Throttle:
    """A limit on how often a rule runs: `at_most` runs in any window of `per_ms`, for each `by`."""

    at_most: int
    per_ms: int
    by: str
    over: str


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One rule applied to one event, or to one element of it.

    index: which element of `each`, from 0.
    each: that element; None without `each`.
    once: the value that `once_per` gave, as text; None when the rule has no `once_per`.
    variables: the rule file's `vars`, kept when a deferred template reads them.
    """

    rule: str
    index: int
    each: JSON
    once: str | None
    throttle: Throttle | None
    on_failure: OnFailure
    actions: tuple[PlannedAction, ...]
    variables: JSON = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request that an action made and what came back, cut and without secrets."""

    method: str
    url: str
    status: int
    duration_ms: int
    request: str
    response: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did.

    outputs: what later steps read as `steps.<id>.…`.
    found: it had been done already by an earlier try and was only found.
    lost: what the text lost on the way into the other system's markup; may be empty.
    """

    outputs: Mapping[str, JSON] = field(default_factory=dict)
    found: bool = False
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call(Generic[P]):
    """One try of one action, as a connector gets it.

    mark: the same text at every try of this action, also after a replay, and of nothing else;
        12 to 40 characters of [a-z0-9-]. What the action makes carries it, so that it can be found.
    may_exist: an earlier try may have done it although no answer came: look for the mark first.
    intended_at: when the action was planned, milliseconds; nothing it made is older.
    now: milliseconds UTC.
    expected: values of fields that have to stand there still, by sync's names for them; where one
        does not, nothing is written and Moved is raised.
    """

    name: str
    parameters: P
    mark: str
    may_exist: bool
    attempt: int
    intended_at: int
    now: int
    event_id: str
    rule: str
    expected: Mapping[str, str] | None = None
