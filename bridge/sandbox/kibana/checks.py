"""What Kibana refuses about a case, in its own shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.event import JSON
from bridge.sandbox.exchange import Declined

OWNERS = ("cases", "observability", "securitySolution")
STATUSES = ("open", "in-progress", "closed")
SEVERITIES = ("low", "medium", "high", "critical")
REQUIRED = ("connector", "description", "owner", "settings", "tags", "title")
OPTIONAL: Mapping[str, JSON] = {
    "assignees": [], "category": None, "customFields": [], "severity": "low",
}  # fmt: skip


def _text(limit: int) -> Callable[[str, JSON], None]:
    def check(name: str, value: JSON) -> None:
        if not isinstance(value, str):
            raise Declined(400, f'Invalid value "{value}" supplied to "{name}"')
        if not value.strip():
            raise Declined(400, f"The {name} field cannot be an empty string.")
        if len(value) > limit:
            words = f"The length of the {name} is too long. The maximum length is {limit}."
            raise Declined(400, words)

    return check


def _one_of(known: tuple[str, ...]) -> Callable[[str, JSON], None]:
    def check(name: str, value: JSON) -> None:
        if value not in known:
            raise Declined(400, f'Invalid value "{value}" supplied to "{name}"')

    return check


def _tags(name: str, value: JSON) -> None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Declined(400, f'Invalid value "{value}" supplied to "{name}"')
    if len(value) > 200:
        raise Declined(
            400, "The length of the field tags is too long. Array must be of length <= 200."
        )
    for one in value:
        if not str(one).strip():
            raise Declined(400, "The tag field cannot be an empty string.")
        if len(str(one)) > 256:
            raise Declined(400, "The length of the tag is too long. The maximum length is 256.")


def _object(name: str, value: JSON) -> None:
    needed = ("syncAlerts",) if name == "settings" else ("id", "name", "type", "fields")
    if not isinstance(value, dict) or not all(key in value for key in needed):
        raise Declined(400, f'Invalid value "{value}" supplied to "{name}"')


def _people(name: str, value: JSON) -> None:
    good = isinstance(value, list) and len(value) <= 10
    if not good or not all(isinstance(one, dict) and "uid" in one for one in value or []):  # type: ignore[union-attr]
        raise Declined(400, f'Invalid value "{value}" supplied to "{name}"')


CHECKS: Mapping[str, Callable[[str, JSON], None]] = {
    "title": _text(160),
    "description": _text(30_000),
    "tags": _tags,
    "owner": _one_of(OWNERS),
    "status": _one_of(STATUSES),
    "severity": _one_of(SEVERITIES),
    "settings": _object,
    "connector": _object,
    "assignees": _people,
    "category": lambda name, value: None if value is None else _text(50)(name, value),
    "customFields": lambda name, value: None,
}


def check_fields(fields: Mapping[str, JSON]) -> None:
    """Raises Declined (400) for a field there is not, or a value it does not take."""
    for name, value in fields.items():
        check = CHECKS.get(name)
        if check is None:
            raise Declined(400, f'invalid keys "{name}"')
        check(name, value)


def check_complete(fields: Mapping[str, JSON]) -> None:
    missing = [name for name in REQUIRED if name not in fields]
    if missing:
        raise Declined(400, f'Invalid value "undefined" supplied to "{missing[0]}"')
