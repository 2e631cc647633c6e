"""One change of an issue, from the body that asks for it to the changelog and the webhook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.event import JSON
from bridge.sandbox.exchange import Declined, as_list, as_object
from bridge.sandbox.jira import events
from bridge.sandbox.jira.comments import add_comment, read_comment
from bridge.sandbox.jira.fields import Reader
from bridge.sandbox.jira.history import changelog_items
from bridge.sandbox.jira.links import add_link_from, check_link
from bridge.sandbox.jira.properties import read_properties
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.state import Change, Issue, Values
from bridge.sandbox.jira.world import FIELDS

LISTS = ("labels", "components", "fixVersions", "versions")


@dataclass(slots=True)
class Wish:
    """What a body asks for: field values as sent, comments, links and properties to add."""

    fields: dict[str, JSON] = field(default_factory=dict)
    comments: list[JSON] = field(default_factory=list)
    links: list[JSON] = field(default_factory=list)
    properties: dict[str, JSON] = field(default_factory=dict)


def read_wish(call: Call, body: dict[str, JSON], issue: Issue | None) -> Wish:
    """`fields`, `update` and `properties` of a body. issue: what list verbs start from."""
    wish = Wish(dict(as_object(body.get("fields"))))
    wish.properties = read_properties(body.get("properties"))
    for name, verbs in as_object(body.get("update")).items():
        if name == "comment":
            wish.comments += _added(name, verbs)
        elif name == "issuelinks":
            wish.links += _added(name, verbs)
        elif name in wish.fields:
            raise Declined(400, errors={name: "Field appears in both 'fields' and 'update'."})
        elif as_list(verbs):
            wish.fields[name] = _apply(name, as_list(verbs), issue)
    # Checked before anything changes, so that a refused body leaves no half of it behind.
    for sent in wish.comments:
        read_comment(call, as_object(sent))
    for sent in wish.links:
        check_link(call, as_object(sent))
    return wish


def _added(name: str, verbs: JSON) -> list[JSON]:
    found: list[JSON] = []
    for verb in as_list(verbs):
        if set(as_object(verb)) != {"add"}:
            raise Declined(400, errors={name: "The sandbox takes only 'add' here."})
        found.append(as_object(verb)["add"])
    return found


def _apply(name: str, verbs: list[JSON], issue: Issue | None) -> JSON:
    """The value after add, remove and set, in the order they came."""
    value: JSON = None
    if name in LISTS:
        value = list(as_list(issue.values.get(name))) if issue else []
    for verb in verbs:
        for word, operand in as_object(verb).items():
            if word == "set":
                value = operand
            elif name in LISTS and isinstance(value, list) and word == "add":
                value = value if operand in value else [*value, operand]
            elif name in LISTS and isinstance(value, list) and word == "remove":
                value = [entry for entry in value if entry != operand]
            else:
                message = f"Field '{name}' does not support operation '{word}'"
                raise Declined(400, errors={name: message})
    return value


def carry_out(
    call: Call, issue: Issue, wish: Wish, screen: Iterable[str], extra: Values | None = None
) -> None:
    """Change the issue, or raise Declined and change nothing.

    extra: values the workflow sets by itself.
    """
    values = Reader(call.state, call.api).read_all(wish.fields, screen)
    values.update(extra or {})
    now = call.now
    items = changelog_items(call.state, issue, values)
    comments = [add_comment(call, issue, as_object(sent)) for sent in wish.comments]
    issue.properties.update(wish.properties)
    for sent in wish.links:
        add_link_from(call, issue, as_object(sent))
    if items:
        call.state.change_issue(issue, values, now)
        change = Change(call.state.next_id("change"), call.user, now, tuple(items))
        issue.history.append(change)
        events.issue_updated(call, issue, change)
    elif wish.properties:
        issue.changed = now
    for comment in comments:
        events.comment_event(call, "comment_created", comment)


def first_items(call: Call, issue: Issue) -> list[dict[str, JSON]]:
    """The changelog of a creation: from nothing to the first values."""
    empty = Issue(
        issue.id, issue.key, 0, issue.project, {}, 0, 0, 0, issue.creator
    )  # only its values are read
    named = {name: issue.values[name] for name in sorted(issue.values) if name in FIELDS}
    named.pop("issuetype", None)
    return changelog_items(call.state, empty, named)
