"""What the demo shows, each with what has to come of it."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
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

DONE_TWICE = [("ticket-per-bad-finding", "create_ticket", "done")] * 2
TABLE = ("progress-of-the-target", "append_table", "done")


async def scan_with_findings(world: World) -> Shown:
    sent = await world.send("qtangl/scan-complete")
    missing = []
    issues = await _after(world, sent)
    text = str(issues.get("SEC-1", {}).get("fields", {}).get("description"))
    if "acme-bank.example" not in text or "||Date" not in text.replace("|| ", "||"):
        missing.append("the progress table in SEC-1")
    return await _shown(
        world, "A scan with two bad findings", "qtangl/scan-complete", sent, 202,
        [*DONE_TWICE, TABLE], "a ticket for each, and a line in the table of SEC-1", missing,
    )  # fmt: skip


async def same_delivery_again(world: World) -> Shown:
    before = await world.issues()
    sent = await world.send("qtangl/scan-complete")
    missing = [] if await _after(world, sent) == before else ["nothing new in Jira"]
    return await _shown(
        world, "The same delivery again", "qtangl/scan-complete", sent, 200,
        [*DONE_TWICE, TABLE], "known already: nothing new", missing,
    )  # fmt: skip


async def next_scan_with_the_same_findings(world: World) -> Shown:
    before = await world.issues()
    fresh = {"x-qtangl-delivery-id": str(uuid.uuid4())}
    sent = await world.send("qtangl/scan-complete", headers=fresh)
    missing = [] if (await _after(world, sent)).keys() == before.keys() else ["no second ticket"]
    return await _shown(
        world, "The next scan finds the same", "qtangl/scan-complete", sent, 202,
        [("ticket-per-bad-finding", "create_ticket", "skipped")] * 2 + [TABLE],
        "no second ticket, one more line in the table", missing,
    )  # fmt: skip


async def scan_without_findings(world: World) -> Shown:
    sent = await world.send("qtangl/scan-clean")
    return await _shown(
        world, "A clean scan of another target", "qtangl/scan-clean", sent, 202, [TABLE],
        "a table of its own in SEC-1", [],
    )  # fmt: skip


async def forged_delivery(world: World) -> Shown:
    sent = await world.send("qtangl/scan-clean", secret="not-the-secret")  # noqa: S106 - a forgery
    missing = []
    if not await world.was_refused("qtangl", "signature_mismatch"):
        missing.append("the refusal in the store")
    return await _shown(
        world, "A forged delivery", "qtangl/scan-clean", sent, 401, [],
        "refused: signature_mismatch", missing,
    )  # fmt: skip


async def alert_raised(world: World) -> Shown:
    sent = await world.send("github/code-scanning-alert-created")
    return await _shown(
        world, "A code scanning alert", "github/code-scanning-alert-created", sent, 202,
        [("ticket-per-alert", "create_ticket", "done")], "a ticket", [],
    )  # fmt: skip


async def alert_fixed(world: World) -> Shown:
    sent = await world.send("github/code-scanning-alert-fixed")
    issues = await _after(world, sent)
    done = [key for key, issue in issues.items() if _status(issue) == "Done"]
    return await _shown(
        world, "Its fix", "github/code-scanning-alert-fixed", sent, 202,
        [("fixed-alert-is-done", "transition", "done")],
        f"{', '.join(done) or 'nothing'} is Done", [] if len(done) == 1 else ["one ticket in Done"],
    )  # fmt: skip


async def issue_moved_in_jira(world: World) -> Shown:
    """A person moves the ticket of a finding; Jira's own webhook brings it back."""
    after = await world.newest_seq()
    await world.move("SEC-2", "In Progress")
    event_id = await world.event_about("SEC-2", "issue.updated", after)
    sent = Sent(0, (event_id,) if event_id else ())
    await _after(world, sent)
    status = await world.record_status("finding", "fnd_rsa1024_legacy")
    return await _shown(
        world, "SEC-2 moved in Jira by a person", "", sent, 0,
        [("finding-follows-its-issue", "sync_status", "done")],
        f"the finding is {status or 'as it was'}",
        [] if status == "in-progress" else ["the finding in-progress"],
    )  # fmt: skip


async def job_progressed(world: World) -> Shown:
    sent = await world.send("cloudevents/job-progressed")
    return await _shown(
        world, "A job moved on", "cloudevents/job-progressed", sent, 202,
        [("job-progress", "append_table", "done")] * 2, "a table for each path in SEC-2", [],
    )  # fmt: skip


SCENARIOS: Sequence[Callable[[World], Awaitable[Shown]]] = (
    scan_with_findings,
    same_delivery_again,
    next_scan_with_the_same_findings,
    scan_without_findings,
    forged_delivery,
    alert_raised,
    alert_fixed,
    issue_moved_in_jira,
    job_progressed,
)
"""In this order: the later ones need the tickets of the earlier."""


async def _after(world: World, sent: Sent) -> dict[str, dict[str, Any]]:
    """The issues in Jira once the delivery's events are settled."""
    for event_id in sent.ids:
        await world.settled(event_id)
    return await world.issues()


async def _shown(
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


def _status(issue: dict[str, Any]) -> str:
    return str(issue["fields"]["status"]["name"])
