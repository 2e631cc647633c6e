"""Issues and their comments: shown, listed, changed, and told of."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer
from bridge.sandbox.sentry.state import (
    BRIDGE,
    ORGANIZATION,
    PEOPLE,
    PROJECT,
    Happening,
    Issue,
    SentryState,
    moment,
)
from bridge.sandbox.stand_in import Call

SentryCall = Call[SentryState]
HOUR_MS = 3_600_000
PROJECT_SHOWN: JSON = {"id": "1", "name": "Shop", "slug": PROJECT, "platform": "python"}
STATUSES = ("resolved", "unresolved", "ignored", "resolvedInNextRelease", "muted")
SUBSTATES = {
    "resolved": (None,),
    "unresolved": ("ongoing", "escalating", "regressed", "new"),
    "ignored": ("archived_until_escalating", "archived_until_condition_met", "archived_forever"),
}
"""Those that go with a status, the usual one first."""


def actor(call: SentryCall) -> str:
    """`as-anna` acts as anna, every other token as the bridge's own account."""
    name = call.token.removeprefix("as-")
    return name if name != call.token and name in PEOPLE else BRIDGE


def in_organization(call: SentryCall) -> None:
    if call.arguments[0] != ORGANIZATION:
        raise Declined(404, "The requested resource does not exist")


def find(call: SentryCall) -> Issue:
    in_organization(call)
    wanted = call.arguments[1]
    found = call.state.issues.get(int(wanted)) if wanted.isdecimal() else None
    if found is None:
        raise Declined(404, "The requested resource does not exist")
    return found


def show(one: Issue) -> dict[str, JSON]:
    return {
        "id": str(one.id),
        "shareId": None,
        "shortId": one.short,
        "title": one.title,
        "culprit": one.culprit,
        "permalink": f"https://sandbox.sentry.example/issues/{one.id}/",
        "logger": None,
        "level": one.level,
        "status": one.status,
        "statusDetails": dict(one.details),
        "substatus": one.substatus,
        "isPublic": False,
        "platform": "python",
        "priority": one.priority,
        "priorityLockedAt": None,
        "seerFixabilityScore": None,
        "seerAutofixLastTriggered": None,
        "seerExplorerAutofixLastTriggered": None,
        "project": PROJECT_SHOWN,
        "type": "error",
        "issueType": "error",
        "issueCategory": "error",
        "metadata": {"type": one.title.partition(":")[0], "value": one.title},
        "numComments": len(one.notes),
        "assignedTo": _person(one.assignee) if one.assignee else None,
        "isBookmarked": False,
        "isSubscribed": False,
        "subscriptionDetails": None,
        "hasSeen": False,
        "annotations": [],
        "isUnhandled": True,
        "count": "1",
        "userCount": 1,
        "firstSeen": moment(one.created),
        "lastSeen": moment(one.created),
    }


def _person(login: str) -> JSON:
    email = f"{login}@sandbox.example"
    return {"type": "user", "id": str(PEOPLE[login]), "name": login.capitalize(), "email": email}


def show_all(one: Issue) -> dict[str, JSON]:
    """As `show`, with what only one issue asked for by itself has."""
    activity: list[JSON] = [happening(each, one) for each in reversed(one.activity)]
    return show(one) | {
        "activity": activity,
        "seenBy": [],
        "participants": [],
        "userReportCount": 0,
    }


def happening(each: Happening, of: Issue) -> dict[str, JSON]:
    data: dict[str, JSON] = {"text": each.text} if each.kind == "note" else {}
    return {
        "id": str(each.id),
        "user": {"id": str(PEOPLE[each.actor]), "name": each.actor.capitalize()},
        "type": each.kind,
        "data": data,
        "dateCreated": moment(each.at),
        "issue": str(of.id),
    }


def list_issues(call: SentryCall) -> Answer:
    """By their short id when that is asked for, else the unresolved ones."""
    in_organization(call)
    words = call.request.option("query", "is:unresolved")
    every = list(call.state.issues.values())
    if call.request.option("shortIdLookup") == "1":
        found = [one for one in every if one.short == words.upper()]
    else:
        found = [one for one in every if "is:unresolved" not in words or one.status == "unresolved"]
    return answer([show(one) for one in found[: call.request.number("limit", 100)]])


def list_project_issues(call: SentryCall) -> Answer:
    in_organization(call)
    if call.arguments[1] != PROJECT:
        raise Declined(404, "The requested resource does not exist")
    return answer([show(one) for one in call.state.issues.values()])


def get_issue(call: SentryCall) -> Answer:
    return answer(show_all(find(call)))


def edit_issue(call: SentryCall) -> Answer:
    issue = find(call)
    body = call.request.object()
    status, substatus = body.get("status", issue.status), body.get("substatus")
    if status not in STATUSES:
        raise Declined(400, f'"{status}" is not a valid choice.', errors={"status": "invalid"})
    kind = {"resolvedInNextRelease": "resolved", "muted": "ignored"}.get(str(status), str(status))
    if substatus is not None and substatus not in SUBSTATES[kind]:
        raise Declined(400, "Invalid substatus for this status", errors={"substatus": "invalid"})
    _set_people_and_urgency(call, issue, body)
    if "status" not in body and "substatus" not in body:
        return answer(show(issue))
    wanted = str(substatus) if substatus else SUBSTATES[kind][0]
    if (issue.status, issue.substatus) != (kind, wanted):
        issue.status, issue.substatus = kind, wanted
        issue.details = {"inNextRelease": True} if status == "resolvedInNextRelease" else {}
        made = Happening(call.state.next_id(), f"set_{kind}", actor(call), call.now)
        issue.activity.append(made)
        action = "archived" if kind == "ignored" else kind
        data: dict[str, JSON] = {"issue": show(issue)}
        if kind == "resolved":
            data["resolution_type"] = "in_next_release" if issue.details else "now"
        _tell(call, "issue", action, issue, data)
    return answer(show(issue))


def _set_people_and_urgency(call: SentryCall, issue: Issue, body: dict[str, JSON]) -> None:
    """All checked before the first is set."""
    priority, who = body.get("priority", issue.priority), body.get("assignedTo")
    if priority not in ("low", "medium", "high"):
        raise Declined(400, f'"{priority}" is not a valid choice.', errors={"priority": "invalid"})
    login = str(who or "").partition("@")[0]
    if who and login not in PEOPLE:
        raise Declined(400, "Unknown actor input", errors={"assignedTo": "invalid"})
    issue.priority = str(priority)
    if who is not None and login != issue.assignee:
        issue.assignee = login
        kind = "assigned" if login else "unassigned"
        issue.activity.append(Happening(call.state.next_id(), kind, actor(call), call.now))
        if login:
            _tell(call, "issue", "assigned", issue, {"issue": show(issue)})


def list_notes(call: SentryCall) -> Answer:
    """The newest first; a cursor is `value:offset:is_previous`."""
    issue = find(call)
    offset = int(call.request.option("cursor", "0:0:0").split(":")[1])
    size = min(call.request.number("per_page", 100), 100)
    return answer([happening(one, issue) for one in issue.notes[offset : offset + size]])


def add_note(call: SentryCall) -> Answer:
    """The same words by the same account within an hour are refused, as Sentry does."""
    issue = find(call)
    text = call.request.object().get("text")
    if not isinstance(text, str) or not text.strip():
        raise Declined(400, "This field is required.", errors={"text": "required"})
    who = actor(call)
    for one in issue.notes:
        if (one.text, one.actor) == (text, who) and one.at >= call.now - HOUR_MS:
            raise Declined(400, "You have already posted that comment.")
    made = Happening(call.state.next_id(), "note", who, call.now, text)
    issue.activity.append(made)
    data: dict[str, JSON] = {
        "comment": text,
        "project_slug": PROJECT,
        "comment_id": made.id,
        "issue_id": issue.id,
        "timestamp": moment(call.now),
    }
    _tell(call, "comment", "created", issue, data)
    return answer(happening(made, issue), 201)


def _tell(
    call: SentryCall, resource: str, action: str, issue: Issue, data: dict[str, JSON]
) -> None:
    login = actor(call)
    body: dict[str, JSON] = {
        "action": action,
        "data": data,
        "installation": {"uuid": "65027794-169a-4042-80d0-808ece377141"},
        "actor": {"type": "user", "id": PEOPLE[login], "name": login.capitalize()},
    }
    call.around.outbox.send(str(issue.id), resource, body)
