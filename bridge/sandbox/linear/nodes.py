"""Everything as Linear shows it: nodes with the fields of its schema, and connections of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bridge.clock import iso
from bridge.event import JSON
from bridge.sandbox.exchange import as_object
from bridge.sandbox.linear.document import Field, NotUnderstood
from bridge.sandbox.linear.state import (
    PEOPLE,
    PRIORITIES,
    STATES,
    TEAM,
    TEAM_KEY,
    WORKSPACE,
    Attachment,
    Comment,
    Entry,
    Issue,
    LinearState,
)

Resolver: TypeAlias = Callable[[Mapping[str, JSON]], object]
Node: TypeAlias = Mapping[str, object]
"""Values by the name of their field; a Resolver where a field takes arguments."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value that is given out whole, whatever is in it."""

    value: JSON


def user(login: str) -> Node:
    return {
        "__typename": "User",
        "id": PEOPLE[login],
        "name": login.capitalize(),
        "displayName": login,
        "email": f"{login}@sandbox.example",
        "active": True,
    }


def by_id(user_id: str) -> str:
    """The login of a person; empty for nobody."""
    return next((login for login, known in PEOPLE.items() if known == user_id), "")


def state_node(state_id: str) -> Node:
    name, kind = STATES[state_id]
    return {
        "__typename": "WorkflowState",
        "id": state_id,
        "name": name,
        "type": kind,
        "color": "#5e6ad2",
        "position": float(list(STATES).index(state_id)),
    }


def team(state: LinearState) -> Node:
    return {
        "__typename": "Team",
        "id": TEAM,
        "key": TEAM_KEY,
        "name": "Engineering (sandbox)",
        "states": connection([state_node(one) for one in STATES]),
        "labels": connection([label(state, one) for one in state.labels]),
    }


def label(state: LinearState, label_id: str) -> Node:
    shown: dict[str, object] = {"__typename": "IssueLabel", "id": label_id}
    return shown | {"name": state.labels[label_id], "color": "#bec2c8", "team": {"id": TEAM}}


def organization() -> Node:
    return {
        "__typename": "Organization",
        "id": WORKSPACE,
        "name": "Sandbox (not a real Linear)",
        "urlKey": "sandbox",
    }


def issue(state: LinearState, one: Issue) -> Node:
    comments = [each for each in state.comments.values() if each.issue == one.id]
    attached = [each for each in state.attachments.values() if each.issue == one.id]
    return {
        "__typename": "Issue",
        "id": one.id,
        "identifier": one.identifier,
        "number": float(one.number),
        "title": one.title,
        "description": one.description,
        "url": f"https://linear.app/sandbox/issue/{one.identifier}",
        "priority": float(one.priority),
        "priorityLabel": PRIORITIES[one.priority],
        "createdAt": iso(one.created),
        "updatedAt": iso(one.updated),
        "state": state_node(one.state),
        "team": team(state),
        "assignee": user(by_id(one.assignee)) if one.assignee else None,
        "creator": user(one.author),
        "labels": connection([label(state, each) for each in one.labels]),
        "comments": connection([comment(state, each) for each in comments]),
        "attachments": connection([attachment(each) for each in attached]),
        "history": connection([entry(each) for each in reversed(one.history)]),
    }


def entry(one: Entry) -> Node:
    """A row of the history; null where it is not about a property."""
    titles, priorities = one.changes.get("title"), one.changes.get("priority")
    states, people = one.changes.get("state"), one.changes.get("assignee")
    shown: dict[str, object] = {
        "__typename": "IssueHistory",
        "id": one.id,
        "createdAt": iso(one.at),
        "updatedAt": iso(one.updated),
        "actorId": PEOPLE[one.actor],
        "actor": user(one.actor),
    }
    for end, at in (("from", 0), ("to", 1)):
        state, person = states and states[at], people and people[at]
        shown |= {
            f"{end}Title": titles[at] if titles else None,
            f"{end}Priority": float(str(priorities[at] or 0)) if priorities else None,
            f"{end}StateId": state or None,
            f"{end}State": state_node(str(state)) if state else None,
            f"{end}AssigneeId": person or None,
            f"{end}Assignee": user(by_id(str(person))) if person else None,
        }
    return shown


def attachment(one: Attachment) -> Node:
    return {
        "__typename": "Attachment",
        "id": one.id,
        "url": one.url,
        "title": one.title,
        "subtitle": one.subtitle,
        "metadata": Scalar(dict(one.metadata)),
        "createdAt": iso(one.at),
        "creator": user(one.author),
    }


def comment(state: LinearState, one: Comment) -> Node:
    of = state.issues[one.issue]
    return {
        "__typename": "Comment",
        "id": one.id,
        "body": one.body,
        "createdAt": iso(one.at),
        "updatedAt": iso(one.edited or one.at),
        "editedAt": iso(one.edited) if one.edited else None,
        "url": f"https://linear.app/sandbox/issue/{of.identifier}#comment-{one.id[:8]}",
        "user": user(one.author),
        "issueId": one.issue,
    }


def connection(nodes: Sequence[Node]) -> Resolver:
    """A list that is asked for in parts; 50 unless said, as Linear does it."""

    def resolve(arguments: Mapping[str, JSON]) -> object:
        wanted = as_object(arguments.get("filter"))
        found = [node for node in nodes if matches(node, wanted)]
        first = arguments.get("first")
        size = int(first) if isinstance(first, int | float) else 50
        start = int(str(arguments.get("after") or "0"))
        end = start + size
        more = end < len(found)
        return {
            "nodes": found[start:end],
            "pageInfo": {"hasNextPage": more, "endCursor": str(end) if more else None},
        }

    return resolve


def matches(node: Node, wanted: Mapping[str, JSON]) -> bool:
    """Whether a node fits a filter. Raises NotUnderstood for what the sandbox does not know."""
    for name, condition in wanted.items():
        if name in ("and", "or"):
            parts = condition if isinstance(condition, list) else []
            found = [matches(node, as_object(part)) for part in parts]
            if not (all(found) if name == "and" else any(found)):
                return False
            continue
        if name not in node:
            raise NotUnderstood(f"the sandbox cannot filter by {name}")
        if not _fits(node[name], as_object(condition)):
            return False
    return True


def _fits(value: object, condition: Mapping[str, JSON]) -> bool:
    for operator, other in condition.items():
        if operator == "eq":
            fits = value == other
        elif operator == "in":
            fits = isinstance(other, list) and value in other
        elif operator == "eqIgnoreCase":
            fits = str(value).casefold() == str(other).casefold()
        elif operator == "null":
            fits = (value is None) == other
        elif isinstance(value, Mapping):
            fits = matches(value, {operator: other})
        else:
            raise NotUnderstood(f"the sandbox cannot filter with {operator}")
        if not fits:
            return False
    return True


def project(value: object, selections: tuple[Field, ...], what: str = "Query") -> JSON:
    """The fields of a value that were asked for. Raises NotUnderstood for one it does not have."""
    if value is None:
        return None
    if isinstance(value, Scalar):
        return value.value
    if isinstance(value, list):
        return [project(one, selections, what) for one in value]
    if not isinstance(value, Mapping):
        if selections:
            raise NotUnderstood(f'Field "{what}" must not have a selection.')
        return value if isinstance(value, str | int | float | bool) else str(value)
    if not selections:
        raise NotUnderstood(f'Field "{what}" must have a selection of subfields.')
    shown: dict[str, JSON] = {}
    for field in selections:
        if field.name not in value:
            kind = value.get("__typename", what)
            raise NotUnderstood(f'Cannot query field "{field.name}" on type "{kind}".')
        inner = value[field.name]
        resolved = inner(field.arguments) if callable(inner) else inner
        shown[field.key] = project(resolved, field.selections, field.name)
    return shown
