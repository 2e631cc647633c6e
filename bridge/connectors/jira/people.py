"""People and moments as Jira's answers name them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bridge.event import JSON


@dataclass(frozen=True, slots=True)
class Person:
    """id: an account id on Cloud, a user name on Data Center. email: empty where it is hidden."""

    id: str
    name: str
    email: str = ""


def person(value: JSON) -> Person | None:
    """Who a user object names; None where nobody is named."""
    if not isinstance(value, dict):
        return None
    id_ = str(value.get("accountId") or value.get("name") or value.get("key") or "")
    return Person(id_, str(value.get("displayName") or id_), str(value.get("emailAddress") or ""))


def moment(value: JSON) -> int:
    """Milliseconds UTC of `2026-02-18T09:14:02.000+0000`; 0 for what is no such time."""
    try:
        return int(datetime.fromisoformat(str(value)).timestamp() * 1000)
    except ValueError:
        return 0
