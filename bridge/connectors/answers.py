"""What an HTTP answer that is no success means: again or never, when, and in whose words."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bridge.errors import ConnectorError, GiveUp, TryAgain
from bridge.event import JSON

AGAIN = frozenset({408, 409, 423, 425, 429, 500, 502, 503, 504})
"""409 and 423: somebody else is writing there; Jira answers 409 for an issue that is being changed
(its OpenAPI description, edit and transition)."""

NOTHING_HAPPENED = frozenset({409, 423, 425, 429})
"""Refused before it was carried out."""

SCOPES = {
    "jira-per-issue-on-write": "object",
    "jira-burst-based": "endpoint",
}
"""Source: https://developer.atlassian.com/cloud/jira/platform/rate-limiting/, read 2026-11."""

WORDS_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Wait:
    """What an answer says about too many requests: nothing was carried out.

    after_seconds: None leaves it to the backoff. scope: as TryAgain has it.
    """

    after_seconds: float | None
    scope: str


Judge = Callable[[int, Mapping[str, str], str, int], Wait | None]
"""How a vendor says that there were too many requests: from status, headers, its words and the
time to what has to wait, or None for an answer that means something else."""


def usual(status: int, headers: Mapping[str, str], words: str, now: int) -> Wait | None:
    """429, with Jira's reason where there is one."""
    del words
    return Wait(wait_seconds(headers, now), scope(headers)) if status == 429 else None


def failure(
    request: str,
    status: int,
    headers: Mapping[str, str],
    words: str,
    *,
    changes: bool,
    now: int,
    judge: Judge = usual,
) -> ConnectorError:
    """The error for an answer outside 200 to 299.

    request: `POST https://…`, for the reason's text. headers: names in lower case.
    words: the other system's own, free of secrets.
    changes: the request may have changed something there.
    """
    reason = f"{request} answered {status}" + (f": {words}" if words else "")
    wait = judge(status, headers, words, now)
    if wait is not None:
        return TryAgain(reason, after_seconds=wait.after_seconds, status=status, scope=wait.scope)
    if status not in AGAIN:
        return GiveUp(reason, status=status)
    return TryAgain(
        reason,
        after_seconds=wait_seconds(headers, now),
        status=status,
        may_have_happened=changes and status not in NOTHING_HAPPENED,
    )


def scope(headers: Mapping[str, str]) -> str:
    """What a 429 slows down, by Jira Cloud's `RateLimit-Reason`; without one only the call."""
    reason = headers.get("ratelimit-reason", "")
    return "site" if reason.startswith("jira-quota") else SCOPES.get(reason, "call")


def wait_seconds(headers: Mapping[str, str], now: int) -> float | None:
    """How long to wait by `Retry-After`, else by `X-RateLimit-Reset`; None when neither helps.

    Retry-After: seconds or an HTTP date (RFC 9110, 10.2.3). X-RateLimit-Reset: ISO 8601 with Jira,
    seconds since 1970 with GitHub and others. What is neither is taken for absent.
    """
    waited = _number(headers.get("retry-after", ""))
    if waited is not None:
        return waited
    for moment in (
        _http_date(headers.get("retry-after", "")),
        _moment(headers.get("x-ratelimit-reset", "")),
    ):
        if moment is not None:
            return max(moment - now / 1000, 0.0)
    return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _http_date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> float | None:
    number = _number(text)
    if number is not None:
        return number / 1000 if number > 1e11 else number  # 1e11 seconds is the year 5138
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def looks_like_html(headers: Mapping[str, str], body: bytes) -> bool:
    start = body[:200].lstrip().lower()
    return "html" in headers.get("content-type", "") or start.startswith((b"<!doctype", b"<html"))


def own_words(headers: Mapping[str, str], body: bytes) -> str:
    """What the other system says about the failure, uncut and not yet redacted.

    Jira: `errorMessages` and `errors`; others: `message`, `error`, `detail`, `title`. A bare
    sentence stays one even where it is labelled as HTML.
    """
    text = body[:100_000].decode("utf-8", "replace")
    if looks_like_html(headers, body) and "<" in text:
        return f"a web page{_title(text)}"
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return " ".join(text.split())
    return "; ".join(_messages(answer)) or " ".join(text.split())


def _title(text: str) -> str:
    found = re.search(r"(?is)<title[^>]*>(.*?)</title>", text[:20_000])
    title = " ".join(html.unescape(found[1]).split()) if found else ""
    return f' titled "{title}"' if title else ""


def _messages(answer: JSON) -> list[str]:
    if isinstance(answer, str):
        return [answer]
    if isinstance(answer, list):
        return [message for one in answer for message in _messages(one)]
    if not isinstance(answer, dict):
        return []
    found: list[str] = []
    for name in ("errorMessages", "message", "error", "detail", "title", "warningMessages"):
        found += _messages(answer.get(name))
    errors = answer.get("errors")
    if isinstance(errors, dict):
        found += [f"{name}: {'; '.join(_messages(one)) or one}" for name, one in errors.items()]
    else:
        found += _messages(errors)
    return found


def as_object(value: JSON) -> dict[str, JSON]:
    """An object of an answer. Raises TryAgain where something else stands.

    It may have been the answer to a write, carried out and told of by nobody: so that leaves doubt.
    After a read the doubt costs one look, and no more.
    """
    if not isinstance(value, dict):
        raise TryAgain(
            f"the answer holds {named_json(value)} where an object was expected",
            may_have_happened=True,
        )
    return value


def named_json(value: JSON) -> str:
    """What a value is, in JSON's words."""
    if value is None:
        return "nothing"
    kinds = {bool: "a truth value", str: "a text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")


def as_list(value: JSON) -> list[JSON]:
    """A list of an answer; an empty one where something else stands."""
    return value if isinstance(value, list) else []


def child(value: JSON, *names: str) -> JSON:
    """What stands at the end of these names; None where one of them is absent or null."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
