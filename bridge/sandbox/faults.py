"""The ways in which a stand-in misbehaves on demand.

Everything off is the default. A value comes as text (`--fault NAME=VALUE`) or as JSON
(`PUT /sandbox/faults`); both are read by `read_faults`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from random import Random

from bridge.event import JSON
from bridge.sandbox.jira.world import FIELDS


class BadFault(ValueError):
    """A fault that does not exist, or a value it cannot have."""


@dataclass(slots=True)
class Chance:
    """How often a fault happens. Text forms:

    `0.2`: with that probability, from the seeded numbers. `on` or `1`: always.
    `every:3`: each third time. `next:2`: the next two times, then never again.
    """

    text: str
    probability: float = 0.0
    every: int = 0
    left: int = 0
    seen: int = 0

    def happens(self, random: Random) -> bool:
        if self.every:
            self.seen += 1
            return self.seen % self.every == 0
        if self.left:
            self.left -= 1
            return True
        return self.probability > 0 and random.random() < self.probability


def read_chance(value: str) -> Chance:
    counted = re.fullmatch(r"(every|next):(\d{1,9})", value)
    if counted:
        number = int(counted[2])
        if number == 0:
            raise BadFault(f"{value}: count from 1")
        return Chance(value, every=number) if counted[1] == "every" else Chance(value, left=number)
    if value in ("on", "true"):
        return Chance(value, probability=1.0)
    probability = read_number(value)
    if not 0 < probability <= 1:
        raise BadFault(f"{value}: a probability lies between 0 and 1")
    return Chance(value, probability=probability)


def read_number(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise BadFault(f"{value}: not a number") from None
    if not 0 <= number < 1e9:
        raise BadFault(f"{value}: out of range")
    return number


@dataclass(frozen=True, slots=True)
class Faults:
    """What is switched on.

    index_lag_seconds: an issue is missing from search that long after each change of it.
    lost_answer: a write happens, then the connection is closed without an answer.
    per_issue_429: 20 writes in 2 s or 100 in 30 s to one issue are answered 429.
    burst_429: any request is answered 429, for the reason `jira-burst-based`.
    server_error: 5xx, before the write or after it; `server_error_when` says which.
    slow_seconds: every answer waits that long.
    required_transition_field: the id of a field that the screen to Done demands.
    html: a page instead of JSON, as a login page or a proxy would give.
    redirect: the address of another host every request is sent to.
    """

    index_lag_seconds: float = 0.0
    lost_answer: Chance | None = None
    per_issue_429: bool = False
    burst_429: Chance | None = None
    server_error: Chance | None = None
    server_error_when: str = ""
    slow_seconds: float = 0.0
    required_transition_field: str = ""
    html: Chance | None = None
    redirect: str = ""


NAMES = {
    "index-lag": "index_lag_seconds",
    "lost-answer": "lost_answer",
    "per-issue-429": "per_issue_429",
    "burst-429": "burst_429",
    "5xx": "server_error",
    "slow": "slow_seconds",
    "required-transition-field": "required_transition_field",
    "html": "html",
    "redirect": "redirect",
}
"""What a person writes, and the field it sets."""

ON_A_SCREEN = (
    "text",
    "labels",
    "user",
    "date",
    "number",
    "string",
    "option",
    "resolution",
    "names",
)
"""The kinds of fields a transition's screen can hold."""

NONE = Faults()
OFF = ("", "0", "off", "false")


def read_faults(values: Mapping[str, JSON], start: Faults = NONE) -> Faults:
    """Change `start` by what was written; an off value (`off`, `0`, null) switches back.

    Raises BadFault.
    """
    found = start
    for name, value in values.items():
        if name not in NAMES:
            raise BadFault(f"{name}: no such fault; known are {', '.join(NAMES)}")
        text = "" if value is None else str(value).strip()
        text = text.lower() if isinstance(value, bool) else text
        try:
            found = replace(found, **_read(name, text))  # type: ignore[arg-type]
        except BadFault as error:
            raise BadFault(f"{name}={error}") from None
    return found


def _read(name: str, text: str) -> dict[str, object]:
    key = NAMES[name]
    if text in OFF:
        return {key: getattr(NONE, key)}
    if key in ("index_lag_seconds", "slow_seconds"):
        return {key: read_number(text)}
    if key == "per_issue_429":
        if text not in ("on", "true", "1"):
            raise BadFault(f"{text}: on or off")
        return {key: True}
    if key == "redirect":
        if not text.startswith(("http://", "https://")):
            raise BadFault(f"{text}: an address that starts with http:// or https://")
        return {key: text.rstrip("/")}
    if key == "required_transition_field":
        return {key: _field(text)}
    if key == "server_error":
        when, _, rest = text.partition(":")
        if when in ("before", "after"):
            return {key: read_chance(rest), "server_error_when": when}
        return {key: read_chance(text), "server_error_when": ""}
    return {key: read_chance(text)}


def _field(text: str) -> str:
    """The id of a field that a screen can show, by its id or its name."""
    for field in FIELDS.values():
        if text.lower() in (field.id.lower(), field.name.lower()) and field.kind in ON_A_SCREEN:
            return field.id
    raise BadFault(f"{text}: no field that a screen can demand")


def show_faults(faults: Faults) -> dict[str, JSON]:
    """Every fault by its written name, null where it is off."""
    known = {entry.name for entry in fields(Faults)}
    shown: dict[str, JSON] = {}
    for name, key in NAMES.items():
        assert key in known
        value = getattr(faults, key)
        if isinstance(value, Chance):
            prefix = faults.server_error_when if key == "server_error" else ""
            shown[name] = f"{prefix}:{value.text}" if prefix else value.text
        else:
            shown[name] = value or None
    return shown
