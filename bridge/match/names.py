"""What the names in expressions stand for, for one event."""

from __future__ import annotations

import hashlib
import json

from bridge.clock import iso
from bridge.errors import ExpressionFailed
from bridge.event import JSON, Event
from bridge.match.clean import clean
from bridge.match.expression import Activation, Expression, activation
from bridge.match.rule import Rule

MOST_ONCE_CHARACTERS = 500
"""A longer value of `once_per` keeps its beginning and a digest of the whole."""


class EventNames:
    """What the expressions of one event read; given to the engine when one of them needs it."""

    __slots__ = ("_by_file", "_plain", "values")

    def __init__(self, event: Event, now: int, link: JSON) -> None:
        self.values: dict[str, JSON] = {
            "event": event_json(event),
            "data": event.data,
            "source": event.source,
            "tenant": event.tenant,
            "link": clean(link),
            "now": now,
        }
        self._plain: Activation | None = None
        self._by_file: dict[int, Activation] = {}

    def for_guard(self, rule: Rule, guard: Expression) -> Activation:
        """Rules of several files share one activation as long as they read no `vars`."""
        if "vars" in guard.names:
            return self.for_rule(rule)
        if self._plain is None:
            self._plain = activation(self.values)
        return self._plain

    def for_rule(self, rule: Rule) -> Activation:
        """With the variables of the rule's file."""
        found = self._by_file.get(id(rule.variables))
        if found is None:
            found = activation({**self.values, "vars": rule.variables})
            self._by_file[id(rule.variables)] = found
        return found

    def for_element(self, rule: Rule, element: JSON) -> Activation:
        """With the variables and one element of `each`."""
        return activation({**self.values, "vars": rule.variables, "each": element})


def event_json(event: Event) -> dict[str, JSON]:
    """The event as `event` in expressions: CloudEvents' names, times as RFC 3339 text."""
    return {
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": iso(event.time),
        "received_at": iso(event.received_at),
        "tenant": event.tenant,
        "data": event.data,
        "body": event.body,
        "headers": dict(event.headers),
    }


def key_text(value: JSON) -> str:
    """A value of `once_per` or `throttle.by` as text: texts as they are, others as JSON.

    Raises ExpressionFailed for null, which would make one key of all that lack a value.
    """
    if value is None:
        raise ExpressionFailed("gives null, which tells nothing apart")
    text = value if isinstance(value, str) else json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )  # fmt: skip
    if len(text) <= MOST_ONCE_CHARACTERS:
        return text
    return f"{text[:400]}…{hashlib.sha256(text.encode()).hexdigest()}"
