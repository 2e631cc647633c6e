"""Search: by pages with a token on Cloud, by number on Data Center."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable
from itertools import islice

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer, as_list
from bridge.sandbox.jira.find import find
from bridge.sandbox.jira.issues import chosen, show_issue
from bridge.sandbox.jira.jql import Query, read_jql
from bridge.sandbox.jira.site import Call

GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full "
    "migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
UNBOUNDED = (
    "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
)


def search_gone(call: Call) -> Answer:
    """Cloud took the old search away (its changelog, CHANGE-2046, read 2026-11)."""
    raise Declined(410, GONE)


def _asked(call: Call) -> dict[str, JSON]:
    """The parameters, from the query string or from the body."""
    if call.request.method == "POST":
        return call.request.object()
    single = {name: values[0] for name, values in call.request.query.items()}
    asked: dict[str, JSON] = dict(single)
    for name in ("fields", "properties", "reconcileIssues", "expand"):
        words = call.request.words(name)
        if words:
            asked[name] = list(words)
    return asked


def _words(asked: dict[str, JSON], name: str) -> list[str]:
    value = asked.get(name)
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return [str(word) for word in as_list(value)]


def _number(asked: dict[str, JSON], name: str, default: int) -> int:
    value = asked.get(name)
    if value is None or value == "":
        return default
    try:
        return int(str(value))
    except ValueError:
        raise Declined(400, f"The value of {name} is no number.") from None


def _query(asked: dict[str, JSON], bounded: bool) -> Query:
    query = read_jql(str(asked.get("jql") or ""))
    if bounded and query.where is None:
        raise Declined(400, UNBOUNDED)
    return query


def search_by_token(call: Call) -> Answer:
    """`/search/jql`: at most 5,000 ids or keys, or 100 issues with more fields, and a token.

    Without `fields` an issue is only its id. No total: Cloud gives none.
    """
    asked = _asked(call)
    query = _query(asked, bounded=True)
    words = _words(asked, "fields")
    fields = chosen(words) if words else frozenset[str]()
    # Jira shrinks pages with many fields; its exact limits are not published, 100 is what it shows.
    most = 5000 if fields is not None and fields <= {"id", "key"} else 100
    size = min(max(_number(asked, "maxResults", 50), 1), most)
    start = _read_token(str(asked.get("nextPageToken") or ""), str(asked.get("jql")))
    seen = frozenset(_words(asked, "reconcileIssues"))
    if len(seen) > 50:
        raise Declined(400, "reconcileIssues takes at most 50 ids.")
    rows = list(islice(find(call, query, seen), start, start + size + 1))
    bare = not words or words == ["id"]
    properties, expand = _words(asked, "properties"), _words(asked, "expand")
    issues: list[JSON] = [
        {"id": issue.id} if bare else show_issue(call, issue, fields, properties, expand)
        for issue in rows[:size]
    ]
    page: dict[str, JSON] = {"issues": issues, "isLast": len(rows) <= size}
    if len(rows) > size:
        page["nextPageToken"] = _token(start + size, str(asked.get("jql")))
    return answer(page)


def _token(start: int, jql: str) -> str:
    return base64.urlsafe_b64encode(f"{start}:{zlib.crc32(jql.encode())}".encode()).decode()


def _read_token(token: str, jql: str) -> int:
    if not token:
        return 0
    try:
        start, _, mark = base64.urlsafe_b64decode(token).decode().partition(":")
        if mark == str(zlib.crc32(jql.encode())):
            return int(start)
    except (binascii.Error, ValueError):
        pass
    raise Declined(400, "The provided next page token is invalid or expired.")


def search_by_number(call: Call) -> Answer:
    """Data Center's `/search`: `startAt`, `maxResults` (50, at most 1000) and the total."""
    asked = _asked(call)
    query = _query(asked, bounded=False)
    start = max(_number(asked, "startAt", 0), 0)
    size = min(max(_number(asked, "maxResults", 50), 0), 1000)
    rows = list(find(call, query, frozenset()))
    words = _words(asked, "fields")
    fields = chosen(words) if words else chosen(["*navigable", "-comment", "-attachment"])
    expand = _words(asked, "expand")
    issues: list[JSON] = [
        show_issue(call, issue, fields, (), expand) for issue in rows[start : start + size]
    ]
    return answer(
        {
            "expand": "schema,names",
            "startAt": start,
            "maxResults": size,
            "total": len(rows),
            "issues": issues,
        }
    )


def count(call: Call) -> Answer:
    query = _query(call.request.object(), bounded=True)
    return answer({"count": _length(find(call, query, frozenset()))})


def _length(rows: Iterable[object]) -> int:
    return sum(1 for _ in rows)


def match(call: Call) -> Answer:
    """Which of the given issues each query finds; this looks at the issues, not at the index."""
    body = call.request.object()
    wanted = [str(number) for number in as_list(body.get("issueIds"))]
    matches: list[JSON] = []
    for jql in as_list(body.get("jqls")):
        found = {issue.id for issue in find(call, read_jql(str(jql)), frozenset(wanted))}
        ids: list[JSON] = [int(number) for number in wanted if number in found]
        matches.append({"matchedIssues": ids, "errors": []})
    return answer({"matches": matches})
