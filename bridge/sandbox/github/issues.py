"""Issues and their comments: what can be asked, what can be changed, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer, as_list
from bridge.sandbox.github import show
from bridge.sandbox.github.state import (
    BRIDGE,
    PEOPLE,
    REPOSITORY,
    Comment,
    GitHubState,
    Happening,
    Issue,
    moment,
)
from bridge.sandbox.stand_in import Call

GitHubCall = Call[GitHubState]
BODY_LIMIT = 65_536
REASONS = ("completed", "not_planned", "duplicate", "reopened")


def actor(call: GitHubCall) -> str:
    """`as-anna` acts as anna, every other token as the bridge's own account."""
    name = call.token.removeprefix("as-")
    return name if name != call.token and name in PEOPLE else BRIDGE


def page(call: GitHubCall, rows: Sequence[JSON]) -> Answer:
    size = min(call.request.number("per_page", 30), 100)
    number = max(call.request.number("page", 1), 1)
    return answer(list(rows[(number - 1) * size : number * size]))


def in_repository(call: GitHubCall) -> None:
    """Raises Declined (404) for another repository than ours."""
    if "/".join(call.arguments[:2]).casefold() != REPOSITORY:
        raise Declined(404, "Not Found")


def find(call: GitHubCall) -> Issue:
    in_repository(call)
    number = call.arguments[2]
    found = call.state.issues.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise Declined(404, "Not Found")
    return found


def list_issues(call: GitHubCall) -> Answer:
    """Straight from the store: the fault `index-lag` is the search's alone."""
    in_repository(call)
    wanted = call.request.option("state", "open")
    since = call.request.option("since")
    found = [one for one in call.state.issues.values() if wanted in ("all", one.state)]
    if since:
        found = [one for one in found if moment(one.updated) >= since]
    updated = call.request.option("sort", "created") == "updated"
    down = call.request.option("direction", "desc") == "desc"
    found.sort(key=lambda one: (one.updated if updated else one.created, one.number), reverse=down)
    return page(call, [show.issue(one, call.state, call.request.base) for one in found])


def search_issues(call: GitHubCall) -> Answer:
    """Words in quotes, found in the body as it was when the index last looked."""
    words = call.request.option("q").partition('"')[2].rpartition('"')[0]
    lag = call.around.conditions.faults.index_lag_seconds * 1000
    found: list[JSON] = [
        show.issue(one, call.state, call.request.base) | {"score": 1.0}
        for one in call.state.issues.values()
        if words and words in (one.body or "") and one.updated + lag <= call.now
    ]
    return answer({"total_count": len(found), "incomplete_results": False, "items": found})


def get_issue(call: GitHubCall) -> Answer:
    return answer(show.issue(find(call), call.state, call.request.base))


def create_issue(call: GitHubCall) -> Answer:
    in_repository(call)
    body = call.request.object()
    title = body.get("title")
    if not isinstance(title, str) or not title.strip():
        raise Declined(422, "Validation Failed", errors={"title": "missing_field"})
    state = call.state
    number = len(state.issues) + 1
    issue = Issue(state.next_id(), number, actor(call), title, None, call.now, call.now)
    _set(call, issue, body)
    state.issues[number] = issue
    tell(call, "issues", "opened", issue)
    return answer(show.issue(issue, state, call.request.base), 201)


def edit_issue(call: GitHubCall) -> Answer:
    """Each kind of change is an event of its own, as GitHub sends it."""
    issue = find(call)
    body = call.request.object()
    before = (issue.title, issue.body, list(issue.labels), list(issue.assignees), issue.state)
    _set(call, issue, body)
    _move(call, issue, body)
    issue.updated = call.now
    changes: dict[str, JSON] = {}
    if issue.title != before[0]:
        _happened(call, issue, "renamed", before[0], issue.title)
        changes["title"] = {"from": before[0]}
    if issue.body != before[1]:
        changes["body"] = {"from": before[1]}
    if changes:
        tell(call, "issues", "edited", issue, {"changes": changes})
    for action, old, new in (
        ("labeled", before[2], issue.labels),
        ("unlabeled", issue.labels, before[2]),
    ):
        for name in [one for one in new if one not in old]:
            label: JSON = show.label(name, call.state, call.request.base)
            _happened(call, issue, action, name)
            tell(call, "issues", action, issue, {"label": label})
    for action, old, new in (
        ("assigned", before[3], issue.assignees),
        ("unassigned", issue.assignees, before[3]),
    ):
        for login in [one for one in new if one not in old]:
            _happened(call, issue, action, login)
            tell(call, "issues", action, issue, {"assignee": show.user(login, call.request.base)})
    if issue.state != before[4]:
        tell(call, "issues", "closed" if issue.state == "closed" else "reopened", issue)
    return answer(show.issue(issue, call.state, call.request.base))


def _set(call: GitHubCall, issue: Issue, body: dict[str, JSON]) -> None:
    """All checked before the first is set."""
    text = body.get("body", issue.body)
    if isinstance(text, str) and len(text) > BODY_LIMIT:
        words = f"body is too long (maximum is {BODY_LIMIT} characters)"
        raise Declined(422, "Validation Failed", errors={"body": words})
    title = body.get("title", issue.title)
    if not isinstance(title, str) or len(title) > 256:
        raise Declined(422, "Validation Failed", errors={"title": "title is too long"})
    people = [str(one) for one in as_list(body.get("assignees", list(issue.assignees)))]
    if unknown := [login for login in people if login not in PEOPLE]:
        raise Declined(422, "Validation Failed", errors={"assignees": f"invalid: {unknown[0]}"})
    state = body.get("state", issue.state)
    if state not in ("open", "closed") or body.get("state_reason") not in (None, *REASONS):
        raise Declined(422, "Validation Failed", errors={"state": "invalid"})
    issue.title, issue.body = title, text if isinstance(text, str) else None
    issue.assignees = people
    issue.type = str(body.get("type") or issue.type)
    if "labels" in body:
        names = [
            str(one.get("name")) if isinstance(one, dict) else str(one)
            for one in as_list(body["labels"])
        ]
        issue.labels = list(dict.fromkeys(names))
        for name in issue.labels:
            call.state.label(name)


def _move(call: GitHubCall, issue: Issue, body: dict[str, JSON]) -> None:
    state, reason = body.get("state", issue.state), body.get("state_reason")
    if state == issue.state:
        if state == "closed" and reason in REASONS[:3]:
            issue.reason = str(reason)
        return
    issue.state = str(state)
    closing = issue.state == "closed"
    issue.reason = str(reason or ("completed" if closing else "reopened"))
    issue.closed = call.now if closing else None
    issue.closed_by = actor(call) if closing else ""
    _happened(call, issue, "closed" if closing else "reopened")


def _happened(call: GitHubCall, issue: Issue, event: str, of: str = "", to: str = "") -> None:
    made = Happening(call.state.next_id(), event, actor(call), call.now, of, to)
    issue.history.append(made)


def list_events(call: GitHubCall) -> Answer:
    issue = find(call)
    rows: list[JSON] = [
        {
            "id": one.id,
            "node_id": f"E_{one.id}",
            "url": f"{call.request.base}/repos/{REPOSITORY}/issues/events/{one.id}",
            "actor": show.user(one.actor, call.request.base),
            "event": one.event,
            "commit_id": None,
            "commit_url": None,
            "created_at": moment(one.at),
            **show.happened(one, call.state, call.request.base),
        }
        for one in issue.history
    ]
    return page(call, rows)


def list_comments(call: GitHubCall) -> Answer:
    """The oldest first; GitHub knows no other order here."""
    issue = find(call)
    return page(call, [show.comment(one, issue, call.request.base) for one in issue.comments])


def _comment_body(call: GitHubCall) -> str:
    body = call.request.object().get("body")
    if not isinstance(body, str) or not body.strip() or len(body) > BODY_LIMIT:
        raise Declined(422, "Validation Failed", errors={"body": "missing or too long"})
    return body


def _comment(call: GitHubCall) -> tuple[Comment, Issue]:
    """By its own number, of whichever issue. Raises Declined (404)."""
    in_repository(call)
    for issue in call.state.issues.values():
        for one in issue.comments:
            if str(one.id) == call.arguments[2]:
                return one, issue
    raise Declined(404, "Not Found")


def read_comment(call: GitHubCall) -> Answer:
    one, issue = _comment(call)
    return answer(show.comment(one, issue, call.request.base))


def edit_comment(call: GitHubCall) -> Answer:
    one, issue = _comment(call)
    before, body = one.body, _comment_body(call)
    if body != before:
        one.body, one.updated = body, call.now
        issue.updated = call.now
        shown = show.comment(one, issue, call.request.base)
        changes: JSON = {"body": {"from": before}}
        tell(call, "issue_comment", "edited", issue, {"comment": shown, "changes": changes})
    return answer(show.comment(one, issue, call.request.base))


def create_comment(call: GitHubCall) -> Answer:
    issue = find(call)
    body = _comment_body(call)
    made = Comment(call.state.next_id(), actor(call), body, call.now, call.now)
    issue.comments.append(made)
    issue.updated = call.now
    shown = show.comment(made, issue, call.request.base)
    tell(call, "issue_comment", "created", issue, {"comment": shown})
    return answer(shown, 201)


def tell(
    call: GitHubCall, event: str, action: str, issue: Issue, more: dict[str, JSON] | None = None
) -> None:
    """Sends a webhook about an issue."""
    base = call.request.base
    body: dict[str, JSON] = {
        "action": action,
        "issue": show.issue(issue, call.state, base),
        **(more or {}),
        "repository": show.repository(base, call.state),
        "sender": show.user(actor(call), base),
    }
    call.around.outbox.send(str(issue.number), event, body)
