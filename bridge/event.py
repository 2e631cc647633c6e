"""What travels from a sender to the rules: a delivery, the events in it, and their states.

Frozen values only; nothing here reads, writes or waits. Those of which every delivery makes one
are named tuples, because a frozen dataclass takes four times as long to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
"""Parsed JSON, cleaned at the door: no NaN, no NUL, no lone surrogate, integers within 64 bits."""


class EventState(StrEnum):
    """Where an event is on its way."""

    RECEIVED = "received"
    """Stored; no rule has seen it yet."""
    MATCHED = "matched"
    """Its actions are planned; some are still to run."""
    DONE = "done"
    """All its actions are done or skipped."""
    FAILED = "failed"
    """An action of it is dead, or it could not be read; it can be replayed."""
    ECHO = "echo"
    """It only reports what the bridge wrote itself; no rule ran."""
    IGNORED = "ignored"
    """No rule matched."""


class Delivery(NamedTuple):
    """One request a sender made, before anything in it is believed.

    headers: in the order they came, names in lower case, values as text (latin-1).
    body: the bytes exactly as they came.
    query: the decoded pairs of the query string, in order.
    path_token: what stood behind the source's name in the path, or None.
    received_at: milliseconds UTC.
    """

    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    query: tuple[tuple[str, str], ...]
    path_token: str | None
    received_at: int

    def header(self, name: str) -> str | None:
        """The value of a header by its lower-case name; None when absent.

        A header that came twice gives None too: which of the two is meant is not ours to
        guess. `header_count` tells the cases apart.
        """
        found = [value for key, value in self.headers if key == name]
        return found[0] if len(found) == 1 else None

    def header_count(self, name: str) -> int:
        return sum(1 for key, _ in self.headers if key == name)


class NewEvent(NamedTuple):
    """One event of a verified delivery, as receive hands it to the store.

    key: what makes a redelivery recognisable; unique within (tenant, source).
    part: its place among the events of one body, from 0.
    subject: the issue, scan, case or job it is about; with the tenant it names the lane.
    time: when it happened, by the sender's word if it gives one, else when it was received.
    headers: those of the delivery as a JSON object, proofs and secrets taken out.
    body: the bytes as received; the same object for all parts of one delivery.
    """

    id: str
    tenant: str
    source: str
    key: str
    part: int
    type: str
    subject: str
    time: int
    received_at: int
    headers: str
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the store gives it back. `seq` orders all events of one store.

    reason: why it is failed or ignored; empty otherwise.
    rules_version: the version of the rule set it met, empty until then.
    """

    seq: int
    id: str
    tenant: str
    source: str
    key: str
    part: int
    type: str
    subject: str
    time: int
    received_at: int
    state: EventState
    reason: str
    rules_version: str
    headers: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """An event as rules see it: the CloudEvents envelope, our `data`, and the sender's own words.

    type: one of our vocabulary (`scan.finished`), or the sender's own where we have none.
    data: after the vocabulary; see `bridge/vocabulary.py`.
    body: the parsed body, untouched but for the cleaning; this event's part of it is in `data`.
    headers: names in lower case.
    """

    id: str
    tenant: str
    source: str
    type: str
    subject: str
    time: int
    received_at: int
    data: JSON
    body: JSON
    headers: Mapping[str, str]
