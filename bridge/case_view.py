"""A case as Kibana's API shows it, from whatever its source told. Pure.

What a source did not tell, or told in a form that the description of the API does not know, is
shown as an empty case would have it: programs that read cases may rely on the form.
Source: Elastic's description of the cases API, and the example of document 004, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.clock import iso
from bridge.event import JSON
from bridge.store.cases import CaseComment
from bridge.store.records import Record

Shown = dict[str, JSON]

OWNERS = ("cases", "observability", "securitySolution")
SEVERITIES = ("low", "medium", "high", "critical")
STATUSES = {
    "open": "open", "in-progress": "in-progress", "closed": "closed",
    "inprogress": "in-progress", "acknowledged": "in-progress",
    "done": "closed", "resolved": "closed", "fixed": "closed",
}  # fmt: skip
"""Words of other systems for the three that a case may have, letters and hyphens alone."""

NO_CONNECTOR: Shown = {"id": "none", "name": "none", "type": ".none", "fields": None}
FIELDS = {
    ".jira": ("issueType", "parent", "priority"),
    ".servicenow": ("category", "impact", "severity", "subcategory", "urgency"),
    ".servicenow-sir": (
        "category", "destIp", "malwareHash", "malwareUrl", "priority", "sourceIp", "subcategory",
    ),
    ".swimlane": ("caseId",),
    ".resilient": (),
    ".cases-webhook": (),
}  # fmt: skip
"""The connectors that a case may name, with the fields that each must have."""

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
TOO_LONG = 10_000
"""Comments in one answer, after the description."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one case.

    service: `external_service` of its last push, None without one. pushed_with: the connector of
    that push. comment_count: of those that are text; comments may then be left out.
    """

    record: Record
    version: str
    comments: Sequence[CaseComment] = ()
    comment_count: int = 0
    service: Shown | None = None
    pushed_with: Shown | None = None

    @property
    def data(self) -> Mapping[str, JSON]:
        return self.record.data if isinstance(self.record.data, dict) else {}


def status_of(known: Known) -> str:
    """open, in-progress or closed. The record's word: a rule may have synced it."""
    word = re.sub(r"[^a-z-]", "", known.record.status.lower().replace("_", "-"))
    return STATUSES.get(word, STATUSES.get(word.replace("-", ""), "open"))


def severity_of(known: Known) -> str:
    found = _text(known.data.get("severity")) or known.record.severity
    return found if found in SEVERITIES else "low"


def created_at(known: Known) -> str:
    return _moment(known.data.get("created_at")) or iso(known.record.event_time)


def updated_at(known: Known) -> str | None:
    """When it last changed; a push is a change too."""
    told = _moment(known.data.get("updated_at"))
    pushed = _moment((known.service or {}).get("pushed_at"))
    return max((one for one in (told, pushed) if one), key=_sortable, default=None)


def tags_of(known: Known) -> list[str]:
    return _texts(known.data.get("tags"))


def owner_of(known: Known) -> str:
    owner = _text(known.data.get("owner"))
    return owner if owner in OWNERS else "cases"


def assignees_of(known: Known) -> list[str]:
    return [uid for one in _objects(known.data.get("assignees")) if (uid := _text(one.get("uid")))]


def show(known: Known, *, comments: bool = True) -> Shown:
    """The case object of the document, its keys in the document's order."""
    data, status = known.data, status_of(known)
    created, updated = created_at(known), updated_at(known)
    service = known.service or _service(data.get("external_service"))
    closed = _moment(data.get("closed_at")) or (updated or iso(known.record.event_time))
    listed: list[JSON] = [one for c in known.comments if (one := _comment(known, c)) is not None]
    shown: Shown = {
        "id": known.record.id,
        "version": known.version,
        "comments": listed[:TOO_LONG] if comments else [],
        "totalComment": max(known.comment_count, _number(data.get("totalComment"))),
        "totalAlerts": _number(data.get("totalAlerts")),
        "description": _text(data.get("description")),
        "title": _text(data.get("title")) or known.record.title,
        "tags": [*tags_of(known)],
        "settings": {"syncAlerts": _settings(data).get("syncAlerts") is True},
        "owner": owner_of(known),
        "duration": _duration(data, created, closed) if status == "closed" else None,
        "severity": severity_of(known),
        "closed_at": closed if status == "closed" else None,
        "closed_by": _person(data.get("closed_by")) if status == "closed" else None,
        "created_at": created,
        "created_by": _person(data.get("created_by")) or _nobody(),
        "status": status,
        "updated_at": updated,
        "updated_by": _updated_by(known, updated),
        "connector": _connector(data.get("connector")) or known.pushed_with or NO_CONNECTOR,
        "external_service": service,
    }
    if "assignees" in data:
        shown["assignees"] = [{"uid": uid} for uid in assignees_of(known)[:10]]
    if "category" in data:
        shown["category"] = _text(data.get("category"))[:50] or None
    if "customFields" in data:
        shown["customFields"] = [*_custom_fields(data.get("customFields"))]
    return shown


# --- parts ------------------------------------------------------------------------------------


def is_text_comment(comment: CaseComment) -> bool:
    """Whether it says something; attached alerts do not."""
    return comment.data.get("type") in (None, "user") and bool(_text(comment.data.get("comment")))


def _comment(known: Known, comment: CaseComment) -> Shown | None:
    data = comment.data
    pushed = _moment(data.get("pushed_at"))
    pushed_by: JSON = _person(data.get("pushed_by"))
    if comment.pushed_at is not None:
        pushed, pushed_by = iso(comment.pushed_at), comment.pushed_by
    rest: Shown = {
        "owner": owner_of(known),
        "created_at": _moment(data.get("created_at")) or iso(comment.time),
        "created_by": _person(data.get("created_by")) or _nobody(),
        "pushed_at": pushed,
        "pushed_by": pushed_by,
        "updated_at": _moment(data.get("updated_at")),
        "updated_by": _person(data.get("updated_by")),
    }
    head: Shown = {"id": comment.id, "version": _text(data.get("version")) or "WzEsMV0="}
    if is_text_comment(comment):
        return {**head, "type": "user", "comment": _text(data.get("comment")), **rest}
    if data.get("type") != "alert":
        return None  # the description knows no other kind
    rule = data.get("rule")
    named: Shown = rule if isinstance(rule, dict) else {}
    return {
        **head,
        "type": "alert",
        "alertId": [*_texts(data.get("alertId"))],
        "index": [*_texts(data.get("index"))],
        "rule": {name: _text(named.get(name)) for name in ("id", "name") if named.get(name)},
        **rest,
    }


def _connector(value: JSON) -> Shown | None:
    """The connector that a case names; None where it names none, or none that a case can name."""
    if not isinstance(value, dict):
        return None
    kind, id_ = _text(value.get("type")), _text(value.get("id"))
    if kind not in FIELDS or not id_:
        return None
    given = value.get("fields")
    fields: Shown | None = given if isinstance(given, dict) else None
    needed = FIELDS[kind]
    if needed:
        known: Shown = fields or {}
        fields = {name: _single(known.get(name)) for name in needed}
    elif kind == ".cases-webhook" or "issueTypes" not in (fields or {}):
        fields = None
    return {"id": id_, "name": _text(value.get("name")) or id_, "type": kind, "fields": fields}


def _service(value: JSON) -> Shown | None:
    """What the case's own system pushed it to."""
    if not isinstance(value, dict) or not _moment(value.get("pushed_at")):
        return None
    names = ("connector_name", "external_id", "external_title", "external_url", "connector_id")
    texts: Shown = {name: _text(value.get(name)) for name in names}
    by = _person(value.get("pushed_by"))
    return {"pushed_at": _moment(value.get("pushed_at")), "pushed_by": by, **texts}


def _updated_by(known: Known, updated: str | None) -> JSON:
    if known.service and updated and updated == known.service.get("pushed_at"):
        return known.service.get("pushed_by")
    return _person(known.data.get("updated_by"))


def _person(value: JSON) -> Shown | None:
    """Who did something; None for nobody."""
    if isinstance(value, str) and value:
        value = {"username": value}
    if not isinstance(value, dict):
        return None
    person: Shown = {
        name: _text(value.get(name)) or None for name in ("username", "full_name", "email")
    }
    if uid := _text(value.get("profile_uid")):
        person["profile_uid"] = uid
    return person


def _nobody() -> Shown:
    return {"username": None, "full_name": None, "email": None}


def _custom_fields(value: JSON) -> list[Shown]:
    fields: list[Shown] = []
    for one in _objects(value):
        key, kind, given = _text(one.get("key")), one.get("type"), one.get("value")
        if kind == "text":
            fields.append({"key": key, "type": kind, "value": _text(given)[:160] or None})
        elif kind == "toggle":
            toggle = given if isinstance(given, bool) else None
            fields.append({"key": key, "type": kind, "value": toggle})
    return fields


def _duration(data: Mapping[str, JSON], created: str, closed: str) -> int:
    """Seconds from its creation to its closure."""
    told = data.get("duration")
    if isinstance(told, int) and not isinstance(told, bool):
        return max(told, 0)
    return max(int((_sortable(closed) - _sortable(created)).total_seconds()), 0)


def _settings(data: Mapping[str, JSON]) -> Mapping[str, JSON]:
    settings = data.get("settings")
    return settings if isinstance(settings, dict) else {}


def _moment(value: JSON) -> str | None:
    """A time as it was told; None for what is none."""
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        return None
    try:
        _sortable(value)
    except ValueError:
        return None
    return value


def _sortable(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: JSON) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _single(value: JSON) -> JSON:
    return value if isinstance(value, str | bool) else None


def _objects(value: JSON) -> list[dict[str, JSON]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _number(value: JSON) -> int:
    fit = isinstance(value, int | float) and not isinstance(value, bool)
    return max(int(value), 0) if fit and isinstance(value, int | float) else 0
