"""The fields of an issue, from the parameters of an action."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.connectors.answers import as_list
from bridge.connectors.github.client import GitHub
from bridge.connectors.github.options import TITLE_LIMIT
from bridge.connectors.github.texts import labels_of
from bridge.connectors.parameters import CreateTicket, UpdateTicket
from bridge.connectors.prose import title_text
from bridge.errors import GiveUp
from bridge.event import JSON


@dataclass(slots=True)
class Fields:
    """Field values as GitHub takes them, and what was lost on the way."""

    values: dict[str, JSON] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


def shared_fields(parameters: CreateTicket | UpdateTicket) -> Fields:
    """Title and assignee: what creating and updating have in common."""
    fields = Fields()
    if parameters.summary is not None:
        title = title_text(parameters.summary, TITLE_LIMIT)
        fields.values["title"] = title.text
        fields.lost += title.lost
    if parameters.assignee is not None:
        fields.values["assignees"] = _assignees(parameters.assignee)
    return fields


def _assignees(who: str) -> JSON:
    login = who.strip().removeprefix("@")
    if "@" in login:
        raise GiveUp(f"assignee {who!r}: GitHub knows people by their login, not by an address")
    return [login] if login else []


def priority_label(github: GitHub, priority: str | None, lost: list[str]) -> list[str]:
    """The label that stands for a priority, if there is one."""
    if not priority:
        return []
    if not github.settings.priority_label:
        lost.append("the priority was left out: issues have none")
        return []
    return labels_of([github.settings.priority_label + priority])


def label_names(issue: dict[str, JSON]) -> list[str]:
    """A label is an object, or in older answers its bare name."""
    found = as_list(issue.get("labels"))
    return [str(one.get("name")) if isinstance(one, dict) else str(one) for one in found]


def dropped(fields: Fields, issue: dict[str, JSON]) -> list[str]:
    """What GitHub left out without a word, as it does where the account may not set it."""
    lost: list[str] = []
    known = {name.casefold() for name in label_names(issue)}
    wanted = [str(one) for one in as_list(fields.values.get("labels"))]
    if missing := [name for name in wanted if name.casefold() not in known]:
        lost.append(f"GitHub did not set the labels {', '.join(missing)}")
    logins = {
        str(one.get("login")).casefold()
        for one in as_list(issue.get("assignees"))
        if isinstance(one, dict)
    }
    people = [str(one) for one in as_list(fields.values.get("assignees"))]
    if missing := [name for name in people if name.casefold() not in logins]:
        lost.append(f"GitHub did not assign {', '.join(missing)}")
    return lost
