"""The bodies of the webhooks Jira sends, built anew from the state.

Shapes: recorded bodies of Jira Cloud and Data Center as public client projects keep them, read
2026-11. Cloud sends `comment_created` with the issue in it; Data Center sends it without, and an
`issue_updated` with the comment besides, and knows no `fieldId` in a changelog.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.event import JSON
from bridge.sandbox.jira.show import View, field_time
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.state import Attachment, Change, Comment, Issue, Link
from bridge.sandbox.jira.subscribed import is_wanted, tell
from bridge.sandbox.jira.world import FIELDS

SHORT = ("summary", "issuetype", "project", "assignee", "priority", "status")
"""The fields of the issue in a comment's webhook."""


def issue_created(call: Call, issue: Issue, items: Sequence[dict[str, JSON]]) -> None:
    """Jira lists the first values as a changelog, the status under a capital S."""
    shown = [{**item, "field": "Status"} if item["field"] == "status" else item for item in items]
    change = Change(call.state.next_id("change"), call.user, call.now, tuple(shown))
    _issue(call, issue, "jira:issue_created", "issue_created", change)


def issue_updated(call: Call, issue: Issue, change: Change) -> None:
    names = {item["fieldId"] for item in change.items}
    kind = "issue_updated"
    if names == {"assignee"}:
        kind = "issue_assigned"
    elif "status" in names:
        kind = "issue_generic"
    _issue(call, issue, "jira:issue_updated", kind, change)


def issue_deleted(call: Call, issue: Issue) -> None:
    """The comments of a deleted issue are reported as deleted too."""
    for comment in issue.comments.values():
        comment_event(call, "comment_deleted", comment)
    _issue(call, issue, "jira:issue_deleted", "", None)


def _issue(call: Call, issue: Issue, event: str, kind: str, change: Change | None) -> None:
    if not is_wanted(call):
        return
    body = _start(call, event)
    if kind:
        body["issue_event_type_name"] = kind
    body["user"] = _view(call).user(call.user)
    body["issue"] = _full(call, issue)
    if change is not None:
        body["changelog"] = {"id": change.id, "items": _items(call, change)}
    tell(call, issue.id, event, body, issue)


def _items(call: Call, change: Change) -> list[JSON]:
    if call.site.cloud:
        return list(change.items)
    return [{k: v for k, v in item.items() if k != "fieldId"} for item in change.items]


def comment_event(call: Call, event: str, comment: Comment) -> None:
    """event: comment_created, comment_updated or comment_deleted."""
    if not is_wanted(call):
        return
    view = _view(call)
    shown = view.comment(comment)
    shown["created"] = field_time(comment.created)
    shown["updated"] = field_time(comment.updated)
    body = _start(call, event)
    body["comment"] = shown
    if call.site.cloud:
        issue = view.issue(comment.issue, frozenset(SHORT))
        del issue["expand"]
        body["issue"] = issue
    tell(call, comment.issue.id, event, body, comment.issue)
    if not call.site.cloud and event == "comment_created":
        commented = _start(call, "jira:issue_updated")
        commented["issue_event_type_name"] = "issue_commented"
        commented["user"] = view.user(call.user)
        commented["issue"] = _full(call, comment.issue)
        commented["comment"] = shown
        tell(call, comment.issue.id, "jira:issue_updated", commented, comment.issue)


def attachment_created(call: Call, attachment: Attachment) -> None:
    if is_wanted(call):
        body = _start(call, "attachment_created")
        shown = _view(call).attachment(attachment)
        shown["created"] = field_time(attachment.created)
        body["attachment"] = shown
        tell(call, attachment.issue.id, "attachment_created", body, None)


def link_created(call: Call, link: Link) -> None:
    if is_wanted(call):
        body = _start(call, "issuelink_created")
        body["issueLink"] = {
            "id": int(link.id),
            "sourceIssueId": int(link.inward.id),
            "destinationIssueId": int(link.outward.id),
            "issueLinkType": {
                "id": int(link.type.id),
                "name": link.type.name,
                "outwardName": link.type.outward,
                "inwardName": link.type.inward,
                "isSubTaskLinkType": False,
                "isSystemLinkType": False,
            },
            "systemLink": False,
        }
        tell(call, link.inward.id, "issuelink_created", body, None)


def _start(call: Call, event: str) -> dict[str, JSON]:
    return {"timestamp": call.now, "webhookEvent": event}


def _full(call: Call, issue: Issue) -> JSON:
    """Cloud leaves the comments of an issue out, Data Center puts them in."""
    every = frozenset(FIELDS)
    shown = _view(call).issue(issue, every - {"comment"} if call.site.cloud else every)
    del shown["expand"]
    return shown


def _view(call: Call) -> View:
    return call.site.view(call.site_base, 2)
