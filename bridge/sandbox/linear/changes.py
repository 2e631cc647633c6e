"""The mutations, and the webhooks that tell of them."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.clock import iso
from bridge.event import JSON
from bridge.sandbox.exchange import as_list, as_object
from bridge.sandbox.linear import nodes
from bridge.sandbox.linear.state import (
    BRIDGE,
    GROUPING_MS,
    PEOPLE,
    PRIORITIES,
    STATES,
    TEAM,
    TEAM_KEY,
    WORKSPACE,
    Comment,
    Entry,
    Issue,
    LinearState,
    is_uuid4,
)
from bridge.sandbox.stand_in import Call

LinearCall = Call[LinearState]
FIELDS = {
    "title": "title", "description": "description", "stateId": "state", "priority": "priority",
    "assigneeId": "assignee", "parentId": "parent", "labelIds": "labels",
}  # fmt: skip
"""Fields of the inputs that are played, and where they are kept."""
TOLD = ("title", "state", "priority", "assignee")
"""Of these the history tells what they were and are."""
LABELS = ("labelIds", "addedLabelIds", "removedLabelIds")
ELSEWHERE = frozenset({"id", "teamId", *LABELS})


class InputError(ValueError):
    """An input that Linear would refuse, in words for people."""


def actor(call: LinearCall) -> str:
    """`as-anna` acts as anna, every other credential as the bridge's own account."""
    name = call.token.removeprefix("as-")
    return name if name != call.token and name in PEOPLE else BRIDGE


def create_issue(call: LinearCall, arguments: Mapping[str, JSON]) -> object:
    wanted = as_object(arguments.get("input"))
    if wanted.get("teamId") != TEAM:
        raise InputError("teamId must be the id of a team")
    if not str(wanted.get("title") or "").strip():
        raise InputError("title must not be empty")
    issue_id = _new_id(call, wanted, call.state.issues)
    number = len(call.state.issues) + 1
    issue = Issue(issue_id, number, actor(call), "", call.now, call.now)
    _set(call, issue, wanted)
    call.state.issues[issue_id] = issue
    tell(call, "create", issue, None)
    return {"success": True, "lastSyncId": 1.0, "issue": nodes.issue(call.state, issue)}


def update_issue(call: LinearCall, arguments: Mapping[str, JSON]) -> object:
    issue = call.state.issue(str(arguments.get("id")))
    if issue is None:
        raise InputError("Entity not found: Issue")
    before = {name: _kept(issue, where) for name, where in FIELDS.items()}
    updated = iso(issue.updated)
    _set(call, issue, as_object(arguments.get("input")))
    changed: dict[str, JSON] = {
        name: value for name, value in before.items() if value != _kept(issue, FIELDS[name])
    }
    issue.updated = call.now
    _remember(call, issue, {FIELDS[name]: value for name, value in changed.items()})
    if changed:
        tell(call, "update", issue, {"updatedAt": updated, **changed})
    return {"success": True, "lastSyncId": 1.0, "issue": nodes.issue(call.state, issue)}


def _remember(call: LinearCall, issue: Issue, before: dict[str, JSON]) -> None:
    """A row of the history, or more in the newest one where the same account has just begun it."""
    told = {name: value for name, value in before.items() if name in TOLD}
    if not told:
        return
    newest = issue.history[-1] if issue.history else None
    if newest and newest.actor == actor(call) and call.now - newest.at <= GROUPING_MS:
        newest.updated = call.now
    else:
        newest = Entry(call.state.next_id(), call.now, call.now, actor(call), {})
        issue.history.append(newest)
    for name, was in told.items():
        first, _ = newest.changes.get(name, (was, None))
        newest.changes[name] = (first, getattr(issue, name))


def _kept(issue: Issue, name: str) -> JSON:
    value: JSON = getattr(issue, name)
    return list(value) if isinstance(value, list) else value or None


def _set(call: LinearCall, issue: Issue, wanted: Mapping[str, JSON]) -> None:
    """All checked before the first is set."""
    for name, value in wanted.items():
        if name not in FIELDS and name not in ELSEWHERE:
            raise InputError(f"the sandbox does not know the field {name}")
        if name == "stateId" and value not in STATES:
            raise InputError("stateId is no state of the team")
        if name == "priority" and value not in range(len(PRIORITIES)):
            raise InputError("priority must not be greater than 4")
        if name == "assigneeId" and value is not None and not nodes.by_id(str(value)):
            raise InputError("assigneeId is no user")
        if name in LABELS and any(str(one) not in call.state.labels for one in as_list(value)):
            raise InputError("labelIds must be ids of labels")
        if name == "title" and len(str(value)) > 255:
            raise InputError("title must be shorter than or equal to 255 characters")
    for name, value in wanted.items():
        if name == "labelIds":
            issue.labels = [str(one) for one in as_list(value)]
        elif name == "addedLabelIds":
            new = [str(one) for one in as_list(value)]
            issue.labels += [one for one in new if one not in issue.labels]
        elif name == "removedLabelIds":
            issue.labels = [one for one in issue.labels if one not in as_list(value)]
        elif name == "description":
            issue.description = str(value) if value is not None else None
        elif name == "priority":
            issue.priority = int(str(value))
        elif name in FIELDS:
            setattr(issue, FIELDS[name], str(value or ""))


def create_comment(call: LinearCall, arguments: Mapping[str, JSON]) -> object:
    wanted = as_object(arguments.get("input"))
    issue = call.state.issues.get(str(wanted.get("issueId")))
    if issue is None:
        raise InputError("Entity not found: Issue")
    if not str(wanted.get("body") or "").strip():
        raise InputError("body must not be empty")
    comment_id = _new_id(call, wanted, call.state.comments)
    made = Comment(comment_id, issue.id, actor(call), str(wanted["body"]), call.now)
    call.state.comments[comment_id] = made
    tell_comment(call, "create", made, issue)
    return {"success": True, "lastSyncId": 1.0, "comment": nodes.comment(call.state, made)}


def edit_comment(call: LinearCall, arguments: Mapping[str, JSON]) -> object:
    known = call.state.comments.get(str(arguments.get("id")))
    if known is None:
        raise InputError("Entity not found: Comment")
    body = as_object(arguments.get("input")).get("body")
    if not isinstance(body, str) or not body.strip():
        raise InputError("body must not be empty")
    before = known.body
    if body != before:
        known.body, known.edited = body, call.now
        tell_comment(call, "update", known, call.state.issues[known.issue], {"body": before})
    return {"success": True, "lastSyncId": 1.0, "comment": nodes.comment(call.state, known)}


def create_label(call: LinearCall, arguments: Mapping[str, JSON]) -> object:
    wanted = as_object(arguments.get("input"))
    name = str(wanted.get("name") or "")
    if not name or name.casefold() in {one.casefold() for one in call.state.labels.values()}:
        raise InputError(f'A label named "{name}" already exists')
    label_id = call.state.next_id()
    call.state.labels[label_id] = name
    return {"success": True, "lastSyncId": 1.0, "issueLabel": nodes.label(call.state, label_id)}


def _new_id(call: LinearCall, wanted: Mapping[str, JSON], taken: Mapping[str, object]) -> str:
    given = wanted.get("id")
    if given is None:
        return call.state.next_id()
    if not is_uuid4(given):
        raise InputError("id must be a UUID")
    if str(given) in taken:
        raise InputError("an entity with this id already exists")
    return str(given)


def tell(call: LinearCall, action: str, issue: Issue, before: dict[str, JSON] | None) -> None:
    """Sends a webhook about an issue."""
    name, kind = STATES[issue.state]
    labels: list[JSON] = [
        {"id": one, "name": call.state.labels[one], "color": "#bec2c8"} for one in issue.labels
    ]
    data: dict[str, JSON] = {
        "id": issue.id,
        "createdAt": iso(issue.created),
        "updatedAt": iso(issue.updated),
        "number": issue.number,
        "title": issue.title,
        "description": issue.description,
        "priority": issue.priority,
        "priorityLabel": PRIORITIES[issue.priority],
        "teamId": TEAM,
        "stateId": issue.state,
        "assigneeId": issue.assignee or None,
        "creatorId": PEOPLE[issue.author],
        "labelIds": list(issue.labels),
        "identifier": issue.identifier,
        "url": f"https://linear.app/sandbox/issue/{issue.identifier}",
        "state": {"id": issue.state, "name": name, "type": kind, "color": "#5e6ad2"},
        "team": {"id": TEAM, "key": TEAM_KEY, "name": "Engineering (sandbox)"},
        "labels": labels,
    }
    if issue.assignee:
        person = nodes.by_id(issue.assignee)
        data["assignee"] = {"id": issue.assignee, "name": person.capitalize()}
    _send(call, "Issue", action, issue, data, before)


def tell_comment(
    call: LinearCall,
    action: str,
    made: Comment,
    issue: Issue,
    before: dict[str, JSON] | None = None,
) -> None:
    data: dict[str, JSON] = {
        "id": made.id,
        "createdAt": iso(made.at),
        "updatedAt": iso(made.edited or made.at),
        "body": made.body,
        "issueId": issue.id,
        "userId": PEOPLE[made.author],
        "issue": {"id": issue.id, "identifier": issue.identifier, "title": issue.title},
        "user": {"id": PEOPLE[made.author], "name": made.author.capitalize()},
    }
    _send(call, "Comment", action, issue, data, before)


def _send(
    call: LinearCall,
    kind: str,
    action: str,
    issue: Issue,
    data: dict[str, JSON],
    before: dict[str, JSON] | None,
) -> None:
    login = actor(call)
    body: dict[str, JSON] = {
        "action": action,
        "type": kind,
        "createdAt": iso(call.now),
        "actor": {"id": PEOPLE[login], "name": login.capitalize(), "type": "user"},
        "data": data,
        "url": f"https://linear.app/sandbox/issue/{issue.identifier}",
        "organizationId": WORKSPACE,
        "webhookTimestamp": call.now,
        "webhookId": "9d2f4a10-0000-4000-8000-000000000099",
    }
    if before is not None:
        body["updatedFrom"] = before
    call.around.outbox.send(issue.identifier, kind, body)
