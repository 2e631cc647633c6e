"""Answering a query from the state: which issues to look at, which match, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from bridge.sandbox.exchange import Declined
from bridge.sandbox.jira.clauses import KEYS, Compiler, project_key
from bridge.sandbox.jira.jql import All, Clause, Node, Query
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.state import Issue


def find(call: Call, query: Query, seen: frozenset[str]) -> Iterator[Issue]:
    """The matching issues in order; the newest first unless the query orders them.

    seen: ids that are searched as they are, whatever the index knows of them yet.
    """
    test = Compiler(call).node(query.where) if query.where else lambda _issue: True
    order = _ordering(query)
    lag = int(call.site.conditions.faults.index_lag_seconds * 1000)
    known_before = call.now - lag

    def matches(issue: Issue) -> bool:
        if lag and issue.changed > known_before and issue.id not in seen:
            return False
        return test(issue)

    some = _candidates(call, query.where) if query.where else None
    if some is None:
        some = call.state.issues
    if order is None:
        # The indexes of all issues and of a project are in order of creation already.
        for kept in (call.state.issues, *call.state.by_project.values()):
            if some is kept:
                return filter(matches, reversed(kept.values()))
        return filter(matches, sorted(some.values(), key=lambda issue: -issue.number))
    found = [issue for issue in some.values() if matches(issue)]
    for rank, down in reversed(order):
        found.sort(key=rank, reverse=down)
    return iter(found)


def _ordering(query: Query) -> list[tuple[Callable[[Issue], tuple[bool, str | int]], bool]] | None:
    """None for the order everything is kept in: the newest first."""
    if not query.order:
        return None
    return [(_rank(field), down) for field, down in query.order]


def _rank(field: str) -> Callable[[Issue], tuple[bool, str | int]]:
    if field in KEYS:
        return lambda issue: (True, issue.number)
    if field == "created":
        return lambda issue: (True, issue.created)
    if field == "updated":
        return lambda issue: (True, issue.updated)
    if field == "priority":
        # Ascending is from the lowest up, and the ids count down from the highest.
        return lambda issue: (True, -int(str(issue.values["priority"])))
    if field in ("summary", "status", "duedate", "issuetype", "type"):
        name = "issuetype" if field == "type" else field
        return lambda issue: (issue.values.get(name) is not None, str(issue.values.get(name)))
    raise Declined(400, f"Not able to sort using field '{field}'.")


def _candidates(call: Call, node: Node) -> Mapping[str, Issue] | None:
    """A set of issues that holds every match, from an index; None when no index helps."""
    state = call.state
    if isinstance(node, Clause):
        if node.operator not in ("=", "in"):
            return None
        if node.field == "labels":
            return _union([state.by_label.get(word, {}) for word in node.operands])
        if node.field in KEYS:
            found = (state.issue(word) for word in node.operands)
            return {issue.key: issue for issue in found if issue}
        if node.field == "project":
            projects = [project_key(call, word) for word in node.operands]
            return _union([state.by_project[key] for key in projects if key])
        return None
    several = [_candidates(call, part) for part in node.parts]
    known = [some for some in several if some is not None]
    if isinstance(node, All):
        return min(known, key=len) if known else None
    return _union(known) if len(known) == len(several) else None


def _union(several: list[dict[str, Issue]] | list[Mapping[str, Issue]]) -> Mapping[str, Issue]:
    if len(several) == 1:
        return several[0]
    found: dict[str, Issue] = {}
    for some in several:
        found.update(some)
    return found
