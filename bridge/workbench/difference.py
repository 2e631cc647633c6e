"""Holds two rule sets against each other, event by event: more, fewer, changed, held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.clock import iso
from bridge.counting import counted
from bridge.event import JSON
from bridge.workbench.items import ACTING, BY_THROTTLE, HELD, Fate, Item, Played, acting

NOUNS = {
    "create_ticket": "ticket",
    "update_ticket": "ticket update",
    "transition": "transition",
    "comment": "comment",
    "append_table": "table",
    "attach": "attachment",
    "sync_status": "status sync",
    "push_case": "case push",
    "notify": "message",
    "update_page": "page update",
    "update_alert": "alert update",
    "send_webhook": "webhook",
    "log": "log line",
}
"""What one run of an action makes, for people."""


def counted_noun(count: int, action: str) -> str:
    """`1 ticket`, `12 tickets`, `2 status syncs`."""
    noun = NOUNS.get(action, action.replace("_", " "))
    return counted(count, noun)


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise for one event. changed: the same step with other parameters.

    held: steps that a throttle holds back now, and acted before or are new.
    """

    event: Played
    more: tuple[Item, ...]
    fewer: tuple[Item, ...]
    changed: tuple[tuple[Item, Item], ...]
    held: tuple[Item, ...]

    def as_json(self) -> JSON:
        """The same for other programs."""
        return {
            "event": {
                "id": self.event.id,
                "type": self.event.type,
                "source": self.event.source,
                "subject": self.event.subject,
                "received_at": iso(self.event.received_at),
            },
            "more": [one.as_json() for one in self.more],
            "fewer": [one.as_json() for one in self.fewer],
            "changed": [
                {"before": one.as_json(), "after": other.as_json()} for one, other in self.changed
            ],
            "held": [one.as_json() for one in self.held],
        }


def compare(before: Played, after: Played) -> Change | None:
    """What is otherwise; None where nothing is. Which rule plans an action does not matter."""
    if before.items == after.items:
        return None
    more = _without(acting(after.items), acting(before.items))
    fewer = _without(acting(before.items), acting(after.items))
    changed = []
    for one in list(fewer):
        other = next((item for item in more if item.place == one.place), None)
        if other is not None:
            changed.append((one, other))
            fewer.remove(one)
            more.remove(other)
    were = {item.place: item.fate for item in before.items}
    held = [
        item
        for item in after.items
        if item.fate in BY_THROTTLE and were.get(item.place, Fate.ACTS) in ACTING - {item.fate}
    ]
    if not (more or fewer or changed or held):
        return None
    return Change(after, tuple(more), tuple(fewer), tuple(changed), tuple(held))


def _without(items: Sequence[Item], others: Sequence[Item]) -> list[Item]:
    """The items that the others do not make up for, one by one."""
    left = Counter(_what(item) for item in others)
    found = []
    for item in items:
        if left[_what(item)]:
            left[_what(item)] -= 1
        else:
            found.append(item)
    return found


def _what(item: Item) -> tuple[str, str, str]:
    return item.action, item.integration, item.parameters


@dataclass(slots=True)
class Count:
    """Of one action or one rule: how many there are under each set."""

    before: int = 0
    after: int = 0
    more: int = 0
    fewer: int = 0
    changed: int = 0

    @property
    def differs(self) -> bool:
        return bool(self.more or self.fewer or self.changed or self.before != self.after)

    def as_json(self) -> dict[str, JSON]:
        return {
            "before": self.before,
            "after": self.after,
            "more": self.more,
            "fewer": self.fewer,
            "changed": self.changed,
        }


@dataclass(slots=True)
class Errors:
    """Of one rule: events in which an expression gave an error, and what the last one said."""

    before: int = 0
    after: int = 0
    text: str = ""


@dataclass(slots=True)
class Tally:
    """All differences counted, the first `keep` events with one kept."""

    keep: int
    events: int = 0
    differing: int = 0
    actions: dict[str, Count] = field(default_factory=dict)
    rules: dict[str, Count] = field(default_factory=dict)
    held: dict[Fate, Count] = field(default_factory=dict)
    errors: dict[str, Errors] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def add(self, before: Played, after: Played) -> None:
        """Takes in one event, as both sets see it."""
        self.events += 1
        self._count(before, "before")
        self._count(after, "after")
        change = compare(before, after)
        if change is None:
            return
        self.differing += 1
        if len(self.changes) < self.keep:
            self.changes.append(change)
        for item in change.more:
            _of(self.actions, item.action).more += 1
            _of(self.rules, item.rule).more += 1
        for item in change.fewer:
            _of(self.actions, item.action).fewer += 1
            _of(self.rules, item.rule).fewer += 1
        for item, _ in change.changed:
            _of(self.actions, item.action).changed += 1
            _of(self.rules, item.rule).changed += 1

    def _count(self, played: Played, side: str) -> None:
        runs = set()
        for item in played.items:
            if item.acts:
                _add(_of(self.actions, item.action), side)
                runs.add((item.rule, item.index))
            if item.fate in HELD and item.position == 0:
                _add(self.held.setdefault(item.fate, Count()), side)
        for rule, _ in runs:
            _add(_of(self.rules, rule), side)
        for rule, text in played.errors.items():
            found = self.errors.setdefault(rule, Errors())
            found.text = text
            if side == "before":
                found.before += 1
            else:
                found.after += 1

    def sorted_actions(self) -> list[tuple[str, Count]]:
        """The actions in the order in which people think of them: tickets first."""
        order = {action: place for place, action in enumerate(NOUNS)}
        found = self.actions.items()
        return sorted(found, key=lambda one: (order.get(one[0], len(order)), one[0]))

    @property
    def headline(self) -> str:
        """Such as `12 more tickets, 3 fewer transitions, 4 throttled`, or `no difference`."""
        if not self.events:
            return "no event fits"
        words = []
        for action, count in self.sorted_actions():
            for number, what in ((count.more, "more"), (count.fewer, "fewer")):
                if number:
                    size, _, noun = counted_noun(number, action).partition(" ")
                    words.append(f"{size} {what} {noun}")
            if count.changed:
                words.append(f"{counted_noun(count.changed, action)} changed")
        for fate in HELD:
            count = self.held.get(fate, Count())
            if count.after != count.before:
                more = count.after - count.before
                words.append(f"{abs(more):,} {HELD_WORDS[fate] if more > 0 else FREED_WORDS[fate]}")
        gave = sum(max(one.after - one.before, 0) for one in self.errors.values())
        if gave:
            words.append(f"{gave:,} more errors")
        return ", ".join(words) or "no difference"

    def as_json(self) -> dict[str, JSON]:
        """The same for other programs."""
        return {
            "headline": self.headline,
            "events": self.events,
            "differing_events": self.differing,
            "actions": {name: one.as_json() for name, one in self.sorted_actions()},
            "rules": {name: one.as_json() for name, one in sorted(self.rules.items())},
            "held": {
                fate.value: {"before": one.before, "after": one.after}
                for fate, one in self.held.items()
            },
            "errors": {
                rule: {"before": one.before, "after": one.after, "text": one.text}
                for rule, one in sorted(self.errors.items())
            },
            "differences": [one.as_json() for one in self.changes],
        }


HELD_WORDS: Mapping[Fate, str] = {
    Fate.THROTTLED: "throttled",
    Fate.GROUPED: "grouped",
    Fate.WAITS: "made to wait",
    Fate.DONE_BEFORE: "held back because they were done before",
}
FREED_WORDS: Mapping[Fate, str] = {
    Fate.THROTTLED: "no longer throttled",
    Fate.GROUPED: "no longer grouped",
    Fate.WAITS: "that need not wait any more",
    Fate.DONE_BEFORE: "fewer held back because they were done before",
}


def _of(counts: dict[str, Count], name: str) -> Count:
    return counts.setdefault(name, Count())


def _add(count: Count, side: str) -> None:
    if side == "before":
        count.before += 1
    else:
        count.after += 1
