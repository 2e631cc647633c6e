"""What the vocabulary promises and senders leave out: severities in our words, counts, ids.

Pure. Works on `data` as a preset built it, for presets that come with the bridge and for
operators' own alike. What is given is kept; only what is missing or spelt otherwise is changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bridge.event import JSON
from bridge.verify.signature import body_digest
from bridge.vocabulary import SEVERITIES, VOCABULARY

WORDS: Mapping[str, tuple[str, ...]] = {
    "critical": ("crit", "blocker", "fatal", "emergency", "urgent"),
    "high": ("error", "major", "important", "severe"),
    "medium": ("moderate", "med", "warning", "warn"),
    "low": ("minor",),
    "info": (
        "information",
        "informational",
        "none",
        "note",
        "debug",
        "negligible",
        "unknown",
        "unassigned",
        "undefined",
    ),
}
"""How senders call our severities; `severity_rank()` of the expressions agrees, see the tests."""
_BY_WORD = {word: ours for ours, words in WORDS.items() for word in (ours, *words)}
_SCORES = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
"""CVSS 3.1, section 5, the qualitative scale (https://www.first.org/cvss/v3.1, read 2026-11)."""
_FIELD = re.compile(r"[^0-9a-z]+")


def severity(said: JSON) -> str:
    """Our word for a sender's, or for a score of 0 to 10. Absent is info.

    A word that nobody knows becomes medium, which neither hides the finding nor wakes anybody.
    """
    if said is None or said == "":
        return "info"
    if isinstance(said, bool | list | dict):
        return "medium"
    if isinstance(said, int | float):
        return _of_score(float(said))
    known = _BY_WORD.get(said.strip().lower())
    if known is None:
        try:
            return _of_score(float(said))
        except ValueError:
            return "medium"
    return known


def complete(type_: str, subject: str, data: JSON) -> JSON:
    """`data` with what the vocabulary promises for this type; untouched for a sender's own type."""
    if type_ not in VOCABULARY or not isinstance(data, dict):
        return data
    return _COMPLETERS[type_.partition(".")[0]](data, subject)


_TITLES = ("title", "name", "summary", "message")
_PLACES = ("location", "path", "asset", "host", "package", "resource")
"""How senders call what and where, the best first."""


def finding_id(target: str, title: str, where: str) -> str:
    """An id for a finding that has none: the same for target, title and place.

    The description and the severity are left out, because they change from scan to scan ("expires
    in 12 days") while the finding is the same.
    """
    return (
        "f_"
        + body_digest(*(text.encode("utf-8", "replace") for text in (target, title, where)))[:16]
    )


def _scan(data: dict[str, JSON], subject: str) -> JSON:
    scan_id = _text(data.get("scan_id")) or subject
    target = _text(data.get("target"))
    findings: list[JSON] = []
    seen: dict[str, int] = {}
    for given in _list(data.get("findings")):
        finding = _finding_of(given, target)
        finding.setdefault("scan_id", scan_id)
        _tell_apart(finding, seen)
        findings.append(finding)
    alerts: list[JSON] = [
        {**alert, "severity": severity(alert.get("severity"))}
        for alert in _list(data.get("alerts"))
        if isinstance(alert, dict)
    ]
    counts = _counts(findings, data.get("counts"))
    return {
        **data, "scan_id": scan_id, "findings": findings, "counts": counts, "alerts": alerts
    }  # fmt: skip


def _finding(data: dict[str, JSON], subject: str) -> JSON:
    if data.get("id") is None and not data.get("title"):
        data = {**data, "id": subject}
    return _finding_of(data, _text(data.get("target")))


def _finding_of(given: JSON, target: str) -> dict[str, JSON]:
    finding: dict[str, JSON] = dict(given) if isinstance(given, dict) else {"title": _text(given)}
    title = _first_text(finding, _TITLES)
    where = _first_text(finding, _PLACES)
    if where and "location" not in finding:
        finding["location"] = where
    identity = _text(finding.get("id")) or finding_id(target, title, where)
    finding["id"] = identity
    finding["title"] = title or identity
    finding["severity"] = severity(finding.get("severity"))
    finding["description"] = _text(finding.get("description"))
    finding["status"] = _text(finding.get("status")) or "open"
    if target:
        finding.setdefault("target", target)
    return finding


def _tell_apart(finding: dict[str, JSON], seen: dict[str, int]) -> None:
    """Two findings of one scan that nothing tells apart get ids of their own: …, …-2."""
    identity = str(finding["id"])
    count = seen[identity] = seen.get(identity, 0) + 1
    if count > 1:
        finding["id"] = f"{identity}-{count}"


def _counts(findings: list[JSON], given: JSON) -> JSON:
    counts: dict[str, JSON] = dict.fromkeys(SEVERITIES, 0)
    for finding in findings:
        if isinstance(finding, dict):
            word = str(finding["severity"])
            found = counts[word]
            counts[word] = (found if isinstance(found, int) else 0) + 1
    counts["total"] = len(findings)
    if isinstance(given, dict):
        counts |= {
            name: count
            for name, count in given.items()
            if isinstance(count, int) and not isinstance(count, bool)
        }
    return counts


def _issue(data: dict[str, JSON], subject: str) -> JSON:
    completed = {**data, "changed": _changed(data.get("changed"))}
    completed["key"] = _text(data.get("key")) or subject
    if not isinstance(data.get("labels"), list):
        completed["labels"] = []
    if data.get("comment") is None:
        completed.pop("comment", None)
    return completed


def _changed(given: JSON) -> JSON:
    """By field. Presets give a list of `field`, `from`, `to`, because CEL makes no maps of lists.

    The same field twice keeps the first `from` and the last `to`. A field's name is written with
    small letters and `_`: Jira writes `Status` where an issue is created and `status` later.
    """
    if isinstance(given, dict):
        return {_field_name(name): change for name, change in given.items()}
    changed: dict[str, JSON] = {}
    for item in _list(given):
        if not isinstance(item, dict) or not _text(item.get("field")):
            continue
        name = _field_name(_text(item.get("field")))
        earlier = changed.get(name)
        before = earlier.get("from") if isinstance(earlier, dict) else item.get("from")
        person = {"to_id": item["to_id"]} if item.get("to_id") is not None else {}
        changed[name] = {"from": before, "to": item.get("to"), **person}
    return changed


def _case(data: dict[str, JSON], subject: str) -> JSON:
    completed = {**data, "changed": _changed(data.get("changed"))}
    completed["id"] = _text(data.get("id")) or subject
    if "tags" in data and not isinstance(data["tags"], list):
        completed["tags"] = []  # where nothing is told of them, they are what they were
    if data.get("severity") is not None:
        completed["severity"] = severity(data["severity"])
    return completed


def _job(data: dict[str, JSON], subject: str) -> JSON:
    completed = {**data, "job_id": _text(data.get("job_id")) or _text(data.get("id")) or subject}
    if data.get("ticket") is None and data.get("jiraTicketKey") is not None:
        completed["ticket"] = data["jiraTicketKey"]
    completed["paths"] = [
        {**path, "steps": _list(path.get("steps")), "completed": path.get("completed", 0)}
        for path in _list(data.get("paths"))
        if isinstance(path, dict)
    ]
    return completed


def _alert(data: dict[str, JSON], subject: str) -> JSON:
    identity = _text(data.get("id")) or subject
    completed: dict[str, JSON] = {
        **data,
        "id": identity,
        "title": _text(data.get("title")) or identity,
    }
    completed["severity"] = severity(data.get("severity"))
    return completed


def _ping(data: dict[str, JSON], subject: str) -> JSON:
    return data


_COMPLETERS: Mapping[str, Callable[[dict[str, JSON], str], JSON]] = {
    "scan": _scan,
    "finding": _finding,
    "issue": _issue,
    "case": _case,
    "job": _job,
    "alert": _alert,
    "ping": _ping,
}


def _of_score(score: float) -> str:
    return next((word for least, word in _SCORES if score >= least), "info")


def _text(value: JSON) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _first_text(values: dict[str, JSON], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := _text(values.get(name)))), "")


def _list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []


def _field_name(name: str) -> str:
    return _FIELD.sub("_", name.lower()).strip("_") or name
