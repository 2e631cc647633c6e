"""Issues: create, get, edit, delete, and what is asked of one issue directly."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.event import JSON
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer, as_list, as_object
from bridge.sandbox.jira import events
from bridge.sandbox.jira.changes import carry_out, first_items, read_wish
from bridge.sandbox.jira.comments import add_comment
from bridge.sandbox.jira.fields import SCREEN, read_new
from bridge.sandbox.jira.links import add_link_from
from bridge.sandbox.jira.screens import field_meta
from bridge.sandbox.jira.site import NO_ISSUE, Call
from bridge.sandbox.jira.state import Issue
from bridge.sandbox.jira.subscribed import is_wanted
from bridge.sandbox.jira.workflow import transitions_of
from bridge.sandbox.jira.world import FIELDS, User


def chosen(words: Iterable[str]) -> frozenset[str] | None:
    """The fields a caller asks for; None is all of them. `*all`, `*navigable`, `-comment`."""
    wanted: set[str] = set()
    dropped: set[str] = set()
    everything = False
    for word in words:
        if word in ("*all", "*navigable"):
            everything = True
        elif word.startswith("-"):
            dropped.add(word[1:])
        else:
            wanted.add(word)
    if everything or (dropped and not wanted):
        return None if not dropped else frozenset(FIELDS) - dropped
    return frozenset(wanted - dropped)


def _create(call: Call, body: dict[str, JSON]) -> Issue:
    wish = read_wish(call, body, None)
    project, values = read_new(call.state, call.api, wish.fields, call.user)
    issue = call.state.add_issue(project, values, call.user, call.now)
    issue.properties.update(wish.properties)
    issue.watchers[call.user.account_id] = call.user
    comments = [add_comment(call, issue, as_object(sent)) for sent in wish.comments]
    if is_wanted(call):
        events.issue_created(call, issue, first_items(call, issue))
    for sent in wish.links:
        add_link_from(call, issue, as_object(sent))
    for comment in comments:
        events.comment_event(call, "comment_created", comment)
    return issue


def _created(call: Call, issue: Issue) -> dict[str, JSON]:
    return {"id": issue.id, "key": issue.key, "self": f"{call.view.rest}/issue/{issue.id}"}


def create_issue(call: Call) -> Answer:
    return answer(_created(call, _create(call, call.request.object())), 201)


def create_issues(call: Call) -> Answer:
    """Up to 50; 201 when at least one was made, 400 when none was."""
    wanted = as_list(call.request.object().get("issueUpdates"))
    if not wanted or len(wanted) > 50:
        raise Declined(400, "Give 1 to 50 issues.")
    made: list[JSON] = []
    errors: list[JSON] = []
    for place, sent in enumerate(wanted):
        try:
            made.append(_created(call, _create(call, as_object(sent))))
        except Declined as refusal:
            messages: list[JSON] = list(refusal.messages)
            words: dict[str, JSON] = dict(refusal.errors)
            errors.append(
                {
                    "status": refusal.status,
                    "elementErrors": {"errorMessages": messages, "errors": words},
                    "failedElementNumber": place,
                }
            )
    return answer({"issues": made, "errors": errors}, 201 if made else 400)


def show_issue(
    call: Call,
    issue: Issue,
    fields: frozenset[str] | None,
    properties: Iterable[str],
    expand: Iterable[str],
) -> dict[str, JSON]:
    shown = call.view.issue(issue, fields)
    wanted = list(properties)
    if wanted:
        every = "*all" in wanted
        shown["properties"] = {
            key: value for key, value in issue.properties.items() if every or key in wanted
        }
    for word in expand:
        if word == "changelog":
            changes: list[JSON] = [call.view.change(change) for change in issue.history]
            total = len(changes)
            page: dict[str, JSON] = {"startAt": 0, "maxResults": total, "total": total}
            shown["changelog"] = {**page, "histories": changes}
        elif word == "names":
            shown["names"] = {field.id: field.name for field in FIELDS.values()}
        elif word == "transitions":
            shown["transitions"] = transitions_of(call, issue, with_fields=False)
        elif word == "editmeta":
            shown["editmeta"] = {"fields": _edit_fields(call)}
    return shown


def get_issue(call: Call) -> Answer:
    request = call.request
    issue = call.issue()
    fields = chosen(request.words("fields")) if request.option("fields") else None
    expand = request.words("expand")
    return answer(show_issue(call, issue, fields, request.words("properties"), expand))


def edit_issue(call: Call) -> Answer:
    issue = call.issue()
    wish = read_wish(call, call.request.object(), issue)
    if "project" in wish.fields:
        raise Declined(400, errors={"project": "The sandbox does not move issues."})
    carry_out(call, issue, wish, SCREEN)
    if call.request.option("returnIssue").lower() == "true" and call.site.cloud:
        return answer(call.view.issue(issue))
    return NO_CONTENT


def delete_issue(call: Call) -> Answer:
    issue = call.issue()
    subtasks = as_list(call.view.field(issue, FIELDS["subtasks"]))
    if subtasks and call.request.option("deleteSubtasks").lower() != "true":
        raise Declined(
            400,
            f"The issue '{issue.key}' has subtasks. You must specify the 'deleteSubtasks' "
            "parameter to delete this issue and all its subtasks.",
        )
    for entry in subtasks:
        _delete(call, call.state.issues[str(as_object(entry)["key"])])
    _delete(call, issue)
    return NO_CONTENT


def _delete(call: Call, issue: Issue) -> None:
    events.issue_deleted(call, issue)
    call.state.delete_issue(issue)


def fetch_issues(call: Call) -> Answer:
    """Many by id or key; those that do not exist are listed as errors."""
    body = call.request.object()
    wanted = [str(word) for word in as_list(body.get("issueIdsOrKeys"))]
    if not wanted or len(wanted) > 100:
        raise Declined(400, "Give 1 to 100 ids or keys.")
    words = [str(word) for word in as_list(body.get("fields"))]
    fields = chosen(words) if words else None
    properties = [str(word) for word in as_list(body.get("properties"))]
    expand = [str(word) for word in as_list(body.get("expand"))]
    found: dict[str, Issue] = {}
    errors: list[JSON] = []
    for word in wanted:
        issue = call.state.issue(word)
        if issue is None:
            errors.append({"id": word, "errorMessage": NO_ISSUE})
        else:
            found[issue.key] = issue
    shown: list[JSON] = [
        show_issue(call, issue, fields, properties, expand) for issue in found.values()
    ]
    return answer({"issues": shown, "issueErrors": errors})


def set_assignee(call: Call) -> Answer:
    issue = call.issue()
    wish = read_wish(call, {"fields": {"assignee": call.request.object()}}, issue)
    carry_out(call, issue, wish, SCREEN)
    return NO_CONTENT


def list_changes(call: Call) -> Answer:
    issue = call.issue()
    start = call.request.number("startAt", 0)
    size = call.request.number("maxResults", 100)
    page: list[JSON] = [call.view.change(c) for c in issue.history[start : start + size]]
    total = len(issue.history)
    link = f"{call.view.rest}/issue/{issue.key}/changelog?startAt={start}&maxResults={size}"
    return answer(
        {
            "self": link,
            "maxResults": size,
            "startAt": start,
            "total": total,
            "isLast": start + len(page) >= total,
            "values": page,
        }
    )


def _edit_fields(call: Call) -> dict[str, JSON]:
    names = sorted(SCREEN - {"project", "reporter"})
    return {
        name: field_meta(call.view, FIELDS[name], name in ("summary", "issuetype"))
        for name in names
    }


def edit_meta(call: Call) -> Answer:
    call.issue()
    return answer({"fields": _edit_fields(call)})


def notify(call: Call) -> Answer:
    """Accepted and forgotten: the sandbox sends no mail."""
    call.issue()
    return NO_CONTENT


def get_watchers(call: Call) -> Answer:
    issue = call.issue()
    people: list[JSON] = [call.view.user(user) for user in issue.watchers.values()]
    return answer({**call.view.watches(issue, call.user), "watchers": people})


def _person(call: Call, word: str) -> User:
    found = call.state.users.get(word)
    if found is None:
        raise Declined(404, f"Specified user '{word[:60]}' does not exist.")
    return found


def add_watcher(call: Call) -> Answer:
    """The body is the account's id (Cloud) or name (Data Center) as a JSON string, or nothing."""
    issue = call.issue()
    word = call.request.json() if call.request.body else call.user.account_id
    user = _person(call, str(word))
    issue.watchers[user.account_id] = user
    return NO_CONTENT


def remove_watcher(call: Call) -> Answer:
    issue = call.issue()
    word = call.request.option("accountId") or call.request.option("username")
    issue.watchers.pop(_person(call, word).account_id, None)
    return NO_CONTENT
