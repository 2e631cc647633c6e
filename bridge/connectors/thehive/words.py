"""Words of rules and of other systems as TheHive has them: statuses, severities, tags."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.connectors.prose import folded, label_texts
from bridge.connectors.thehive.options import TAG_LIMIT, TheHiveSettings
from bridge.errors import GiveUp

SEVERITIES = {
    "low": 1, "lowest": 1, "info": 1, "minor": 1, "trivial": 1,
    "medium": 2, "normal": 2, "moderate": 2,
    "high": 3, "major": 3,
    "critical": 4, "highest": 4, "urgent": 4, "blocker": 4,
}  # fmt: skip
"""TheHive's four numbers by its own labels, and by the names that others use."""

CASE_STATUSES = {
    "new": "New", "open": "New", "to do": "New", "reopened": "New",
    "in progress": "InProgress", "inprogress": "InProgress",
    "true positive": "TruePositive", "truepositive": "TruePositive",
    "false positive": "FalsePositive", "falsepositive": "FalsePositive",
    "duplicate": "Duplicated", "duplicated": "Duplicated",
    "indeterminate": "Indeterminate",
    "other": "Other", "won't do": "Other", "won't fix": "Other",
}  # fmt: skip
CLOSED = frozenset({"closed", "done", "resolved", "fixed", "completed"})
"""Why it was closed is not said; the integration's `closed_status` says what that is."""

ALERT_STATUSES = {
    "new": "New", "open": "New", "reopened": "New", "unresolved": "New",
    "in progress": "InProgress", "inprogress": "InProgress", "pending": "Pending",
    "ignored": "Ignored", "dismissed": "Ignored", "archived": "Ignored", "closed": "Ignored",
    "resolved": "Ignored", "fixed": "Ignored", "done": "Ignored",
    "duplicate": "Duplicate",
    "false positive": "FalsePositive", "falsepositive": "FalsePositive",
}  # fmt: skip
REASONS = {"false positive": "FalsePositive", "duplicate": "Duplicate", "duplicated": "Duplicate"}
"""Why an alert is closed, where that is a status of its own."""


def case_status(settings: TheHiveSettings, text: str) -> str:
    """TheHive's own word; one that is not known is passed on, as every installation may add to
    them."""
    word = folded(text)
    if word in CLOSED:
        return settings.closed_status
    return CASE_STATUSES.get(word, text.strip())


def alert_status(state: str, reason: str) -> str:
    """As for cases. A reason counts where the state itself says no more than that it is closed."""
    status = ALERT_STATUSES.get(folded(state), state.strip())
    return REASONS.get(folded(reason), status) if status == "Ignored" else status


def severity(text: str) -> int:
    """Raises GiveUp naming the four."""
    number = SEVERITIES.get(folded(text))
    if number is None and text.strip() in ("1", "2", "3", "4"):
        return int(text)
    if number is None:
        raise GiveUp(f"a case has no severity {text[:100]!r}; it has: low, medium, high, critical")
    return number


def tags_of(labels: Iterable[str]) -> list[str]:
    return label_texts(labels, TAG_LIMIT)
