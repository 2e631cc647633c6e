"""Match: an event, read as its source says, meets the rules in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from bridge.about import about, records_of
from bridge.changes import without
from bridge.errors import ExpressionFailed, Refused
from bridge.event import JSON, Event, StoredEvent
from bridge.match.plan import Plan, Stage, plan
from bridge.match.rules import RuleSet
from bridge.match.syncs import SyncRule
from bridge.planning import Matched
from bridge.store.outbound import Ours
from bridge.text.escape import ESCAPES

log = structlog.get_logger("bridge.match")


class Reader(Protocol):
    """A source, as far as matching needs it."""

    def normalise(self, stored: StoredEvent) -> Event: ...


def read_stored(readers: Mapping[tuple[str, str], Reader], stored: StoredEvent) -> Event:
    """The event as rules see it.

    readers: the configured sources, by tenant and name.
    Raises ExpressionFailed when its source is gone, or cannot make sense of it.
    """
    reader = readers.get((stored.tenant, stored.source))
    if reader is None:
        raise ExpressionFailed(
            f"the source {stored.source} is no longer configured; put it back and replay"
        )
    try:
        return reader.normalise(stored)
    except Refused as error:  # accepted by an older version, or by another preset
        raise ExpressionFailed(f"the body cannot be read any more: {error}") from error


class Matcher:
    """Applies the present rule set to events, one after the other.

    rules: gives the set in force; asked once for each event, so a reload falls between two.
    readers: the configured sources, by tenant and name.
    """

    def __init__(
        self, rules: Callable[[], RuleSet], readers: Mapping[tuple[str, str], Reader]
    ) -> None:
        self._rules = rules
        self._readers = readers

    @property
    def version(self) -> str:
        """The version of the rule set in force."""
        return self._rules().version

    def sync_rule(self, name: str) -> SyncRule | None:
        """The sync rule of this name in the set in force."""
        return self._rules().syncs.get(name)

    def read(self, stored: StoredEvent) -> Event:
        """The event as rules see it. Raises ExpressionFailed."""
        return read_stored(self._readers, stored)

    def match(
        self, stored: StoredEvent, now: int, *, link: JSON = None, ours: Ours | None = None
    ) -> Matched:
        """What the rules plan for an event.

        ours: what of it the bridge wrote itself; no rule sees that.

        link: what the event's subject is tied to, when the lane has come to the event; then only
        the rules that read it are asked. None: only the others are.
        """
        try:
            return self._match(stored, now, link, ours)
        except ExpressionFailed as error:
            return Matched(stored, (), unreadable=str(error))
        except Exception as error:  # a mistake of ours must not keep the events behind it waiting
            log.exception("matching failed unexpectedly", event_id=stored.id)
            words = f"unexpected {type(error).__name__} while matching, see the log"
            return Matched(stored, (), unreadable=words)

    def _match(self, stored: StoredEvent, now: int, link: JSON, ours: Ours | None) -> Matched:
        event = self.read(stored)
        if ours is not None and ours.whole:
            return Matched(stored, (), records_of(event), about=about(event), ours=ours)
        stage: Stage = "at_once" if link is None else "in_lane"
        rest = without(event, ours.fields) if ours is not None else event
        planned = plan(rest, self._rules(), now, link or {}, ESCAPES, stage=stage)
        return Matched(
            stored,
            planned.runs,
            records=records_of(event) if link is None else (),
            needs_lane=planned.needs_lane and link is None,
            errors=errors_of(planned),
            about=about(event),
            ours=ours,
        )


def errors_of(planned: Plan) -> dict[str, str]:
    """The rules whose expressions gave an error, with its text."""
    return {verdict.rule: verdict.reason for verdict in planned.verdicts if verdict.error}
