"""When an issue was closed, assigned, labeled or renamed, by its events: whole seconds, in order.

https://docs.github.com/en/rest/using-the-rest-api/issue-event-types, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bridge.connectors.answers import as_list, child
from bridge.connectors.github.client import PER_PAGE, GitHub, Ticket
from bridge.connectors.github.fields import label_names
from bridge.connectors.mirror import Change, moment, text_of
from bridge.event import JSON

MOST_PAGES = 10

PAIRED = {"labeled": True, "unlabeled": False, "assigned": True, "unassigned": False}
"""Events of a set of names, and whether they add one."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A name that came into a set of an issue's, or left it."""

    at: int
    who: str
    name: str
    came: bool


async def changes_of(
    github: GitHub, ticket: Ticket, issue: dict[str, JSON], values: Mapping[str, str]
) -> list[Change]:
    """The changes of the fields that sync knows. values: what they are now."""
    own = await github.own_login()
    found: list[Change] = []
    labels: list[Turn] = []
    people: list[Turn] = []
    for one in await _events(github, ticket):
        at, who = moment(one.get("created_at")), text_of(child(one, "actor", "login"))
        event, ours = text_of(one.get("event")), _ours(who, own)
        if event == "closed":
            found.append(Change(at, "status", "open", "closed", ours))
        elif event == "reopened":
            found.append(Change(at, "status", "closed", "open", ours))
        elif event == "renamed":
            before, after = (text_of(child(one, "rename", end)) for end in ("from", "to"))
            found.append(Change(at, "summary", before, after, ours))
        elif event in ("labeled", "unlabeled"):
            if name := priority_of(github, text_of(child(one, "label", "name"))):
                labels.append(Turn(at, who, name, PAIRED[event]))
        elif event in ("assigned", "unassigned"):
            people.append(Turn(at, who, text_of(child(one, "assignee", "login")), PAIRED[event]))
    if "priority" in values:
        named = [name for one in label_names(issue) if (name := priority_of(github, one))]
        found += _replayed("priority", labels, named, values["priority"], own)
    logins = [text_of(child(one, "login")) for one in as_list(issue.get("assignees"))]
    return found + _replayed("assignee", people, logins, values["assignee"], own)


async def _events(github: GitHub, ticket: Ticket) -> list[dict[str, JSON]]:
    found = []
    async for page in github.pages(f"{ticket.path}/events", {}, MOST_PAGES):
        found += page
        if len(page) < PER_PAGE:
            break
    return found


def _replayed(
    field: str, turns: Sequence[Turn], now: Sequence[str], value: str, own: str
) -> list[Change]:
    """The changes of a field that is one name of a set: of several the one that it is now, else
    the oldest. To replace one is two events of one moment, in no promised order: one change.

    now: the names that are there.
    """
    there = [name for name in now if not any(same_name(one.name, name) for one in turns)]
    for name in dict.fromkeys(one.name for one in turns):
        first = next(one for one in turns if same_name(one.name, name))
        if not first.came:  # it was there from the start
            there.append(name)
    found: list[Change] = []
    writer = ""
    for turn in turns:
        before = _chosen(there, value)
        there = [name for name in there if not same_name(name, turn.name)]
        if turn.came:
            there.append(turn.name)
        after = _chosen(there, value)
        if before == after:
            continue
        if found and found[-1].at == turn.at and writer == turn.who:
            found[-1] = replace(found[-1], after=after)
        else:
            found.append(Change(turn.at, field, before, after, _ours(turn.who, own)))
        writer = turn.who
    return found


def _chosen(there: Sequence[str], value: str) -> str:
    return value if value in there else there[0] if there else ""


def _ours(who: str, own: str) -> bool | None:
    return same_name(who, own) if who and own else None


def same_name(one: str, two: str) -> bool:
    return one.casefold() == two.casefold()


def priority_of(github: GitHub, label: str) -> str:
    """What a label says of the priority; empty for every other one."""
    prefix = github.settings.priority_label
    named = prefix and label.casefold().startswith(prefix.casefold())
    return label[len(prefix) :] if named else ""
