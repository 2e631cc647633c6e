"""The words of a changelog: what a value was, and what it is."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.event import JSON
from bridge.sandbox.exchange import as_object
from bridge.sandbox.jira import text
from bridge.sandbox.jira.state import Issue, JiraState, Values
from bridge.sandbox.jira.world import (
    FIELDS,
    ISSUE_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    Field,
    IssueType,
    Named,
)


def words_of(state: JiraState, field: Field, value: JSON) -> tuple[JSON, JSON]:
    """A value as a changelog shows it: its id where it has one, and its words."""
    if value is None:
        return None, None
    known: dict[str, Iterable[Named | IssueType]] = {
        "priority": PRIORITIES,
        "issuetype": ISSUE_TYPES,
        "resolution": RESOLUTIONS,
    }
    if field.kind in known:
        return value, next(entry.name for entry in known[field.kind] if entry.id == value)
    if field.kind == "status":
        return value, next(status.name for status in STATUSES if status.id == value)
    if field.kind == "user":
        return value, state.users[str(value)].display_name
    if field.kind == "labels":
        return None, " ".join(str(label) for label in value) if isinstance(value, list) else ""
    if field.kind == "names":
        names = value if isinstance(value, list) else []
        return None, ", ".join(str(as_object(entry).get("name", "")) for entry in names)
    if field.kind == "parent":
        issue = state.issues.get(str(value))
        return (issue.id if issue else None), value
    if field.kind == "text":
        return None, text.plain(value)
    return None, str(value)


def changelog_items(state: JiraState, issue: Issue, changes: Values) -> list[dict[str, JSON]]:
    """One item for each value that really differs. `issue` still has the old values."""
    items: list[dict[str, JSON]] = []
    for name, new in changes.items():
        old = issue.values.get(name)
        if old == new or (not old and not new) or FIELDS[name].kind == "time":
            continue
        field = FIELDS[name]
        before, before_words = words_of(state, field, old)
        after, after_words = words_of(state, field, new)
        items.append(
            {
                "field": field.name if field.custom else field.id,
                "fieldtype": "custom" if field.custom else "jira",
                "fieldId": field.id,
                "from": before,
                "fromString": before_words,
                "to": after,
                "toString": after_words,
            }
        )
    return items
