"""The guards of runs over a stretch of events, without a store: `once_per`, `throttle`, and links.

Everything planned is taken to succeed, and to have succeeded before the next event comes. What was
done before the stretch began is read from the store; of throttles only the stretch itself counts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from bridge.action import PlannedRun
from bridge.event import JSON, Event
from bridge.store.links import Link
from bridge.store.throttles import Window, place_run
from bridge.ties import MAKES_TICKET, element_about
from bridge.workbench.items import Fate

Value = tuple[str, str, str]
"""Tenant, rule, and the value of `once_per` or of a throttle's `by`."""


@dataclass(slots=True)
class Guards:
    """What has run so far. With links, also what the subjects of events are tied to."""

    links: bool
    _done: set[bytes] = field(default_factory=set)
    _windows: dict[Value, Window] = field(default_factory=dict)
    _groups: dict[str, int] = field(default_factory=dict)
    _tied: dict[tuple[str, str], JSON] = field(default_factory=dict)
    _runs: int = 0

    def knows(self, value: Value) -> bool:
        """Whether a value of `once_per` was done in this stretch."""
        return _digest(value) in self._done

    def take(self, run: PlannedRun, event: Event, about: tuple[str, str]) -> Fate:
        """What becomes of a run, `once_per` asked first, as when it is really planned."""
        value = (event.tenant, run.rule, run.once or "")
        if run.once is not None and self.knows(value):
            return Fate.DONE_BEFORE
        fate = self._throttled(run, event)
        if fate not in (Fate.ACTS, Fate.WAITS):
            return fate
        if run.once is not None:
            self._done.add(_digest(value))
        if self.links:
            self._tie(run, event, about)
        return fate

    def done(self, value: Value) -> None:
        """A value of `once_per` was done before the stretch began."""
        self._done.add(_digest(value))

    def link_of(self, tenant: str, subject: str, before: Link | None) -> JSON:
        """What a subject is tied to. before: what it was tied to when the stretch began."""
        made = self._tied.get((tenant, subject))
        if before is not None and (made is None or before.ticket == subject):
            return before.as_json()
        return made or {}

    def _throttled(self, run: PlannedRun, event: Event) -> Fate:
        given = run.throttle
        if given is None:
            return Fate.ACTS
        now = event.received_at
        value = (event.tenant, run.rule, given.by)
        window = self._windows.get(value, Window())
        if window.group_run and self._groups[window.group_run] <= now:
            del self._groups[window.group_run]  # it has started, and takes no further event in
            window = Window(window.starts)
        self._runs += 1
        name = str(self._runs)
        slot, taken = place_run(window, given, name, now)
        self._windows[value] = taken
        if slot.group_run:
            return Fate.GROUPED
        if slot.starts_at <= now:
            return Fate.ACTS
        if given.over == "drop":
            return Fate.THROTTLED
        if taken.group_run == name:
            self._groups[name] = slot.starts_at
        return Fate.WAITS

    def _tie(self, run: PlannedRun, event: Event, about: tuple[str, str]) -> None:
        for action in run.actions:
            if action.name == MAKES_TICKET and not action.skip:
                self._tied[event.tenant, event.subject] = _stand_in(run, event, about)


def _stand_in(run: PlannedRun, event: Event, about: tuple[str, str]) -> JSON:
    """The link to a ticket that would have been made."""
    kind, record = element_about(about, run)
    integration = next(one.integration for one in run.actions if one.name == MAKES_TICKET)
    key = f"NEW-{int.from_bytes(_digest((event.id, run.rule, str(run.index)))[:4])}"
    return {
        "ticket": key,
        "id": key,
        "url": "",
        "integration": integration,
        "subject": event.subject,
        "kind": kind,
        "record": record,
        "rule": run.rule,
    }


def _digest(value: Value) -> bytes:
    """Sixteen bytes for a value of any length: a stretch may hold hundreds of thousands."""
    return hashlib.blake2b("\x1f".join(value).encode("utf-8", "replace"), digest_size=16).digest()
