"""What a scenario of the demo shows: the event, what its rules did, and what is missing of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridge.demo.world import Sent, World


@dataclass(frozen=True, slots=True)
class Acted:
    """One action of an event: its rule, what it did and where it shows."""

    rule: str
    action: str
    state: str
    ticket: str
    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of one scenario.

    status: of the delivery, 0 where nothing was sent to the bridge.
    missing: what should have happened and did not; empty when all did.
    """

    title: str
    sample: str
    status: int
    event: str
    type: str
    state: str
    actions: tuple[Acted, ...]
    told: str
    missing: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.missing


KEY = re.compile(r"[A-Z]+-[0-9]+")
KEY_IN_URL = re.compile(r"/issue/([A-Z]+-[0-9]+)(?:/|\?|$)")

Wanted = Sequence[tuple[str, str, str]]
"""Rule, action and state of each action an event shall have had."""


def ids_of(event_id: str) -> tuple[str, ...]:
    return (event_id,) if event_id else ()


async def after_all(world: World, sent: Sent) -> dict[str, dict[str, Any]]:
    """The issues in Jira once the delivery's events are settled."""
    for event_id in sent.ids:
        await world.settled(event_id)
    return await world.issues()


async def show(
    world: World,
    title: str,
    sample: str,
    sent: Sent,
    status: int,
    wanted: Wanted,
    told: str,
    missing: list[str],
) -> Shown:
    """The scenario's summary, with everything that differs from what was wanted."""
    if sent.status != status:
        missing.append(f"the answer {status} (it was {sent.status})")
    trail: dict[str, Any] = {"id": "", "type": "", "state": "", "actions": []}
    if sent.ids:
        trail = await world.settled(sent.ids[0])
    elif wanted:
        missing.append("an event")
    actions = tuple(_acted(world, action) for action in trail["actions"])
    found = Counter((one.rule, one.action, one.state) for one in actions)
    for (rule, action, state), count in (Counter(wanted) - found).items():
        missing.append(f"{count} x {action} of {rule} {state}")
    for (rule, action, state), count in (found - Counter(wanted)).items():
        missing.append(f"no {count} x {action} of {rule} {state}")
    return Shown(
        title, sample, sent.status, trail["id"], trail["type"], trail["state"], actions, told,
        tuple(missing),
    )  # fmt: skip


def _acted(world: World, action: dict[str, Any]) -> Acted:
    outputs, parameters = action["outputs"] or {}, action["parameters"] or {}
    ticket = str(outputs.get("key") or parameters.get("ticket") or "")
    if not KEY.fullmatch(ticket):  # the template is rendered at the action's turn, not kept
        asked = [exchange["url"] for one in action["attempts"] for exchange in one["exchanges"]]
        found = [match[1] for url in asked if (match := KEY_IN_URL.search(url))]
        ticket = found[-1] if found else ""
    url = f"{world.sandbox_url}/#{ticket}" if ticket else ""
    return Acted(action["rule"], action["action"], action["state"], ticket, url, action["reason"])


def status_of(issue: dict[str, Any]) -> str:
    return str(issue["fields"]["status"]["name"])
