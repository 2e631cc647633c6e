"""What the demo shows, each with what has to come of it."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence

from bridge.demo.case_scenarios import (
    case_closed_in_kibana,
    case_opened_in_kibana,
    issue_of_the_case_done,
)
from bridge.demo.shown import Shown, after_all, show, status_of
from bridge.demo.world import Sent, World

DONE_TWICE = [("ticket-per-bad-finding", "create_ticket", "done")] * 2
TABLE = ("progress-of-the-target", "append_table", "done")


async def scan_with_findings(world: World) -> Shown:
    sent = await world.send("qtangl/scan-complete")
    missing = []
    issues = await after_all(world, sent)
    text = str(issues.get("SEC-1", {}).get("fields", {}).get("description"))
    if "acme-bank.example" not in text or "||Date" not in text.replace("|| ", "||"):
        missing.append("the progress table in SEC-1")
    return await show(
        world, "A scan with two bad findings", "qtangl/scan-complete", sent, 202,
        [*DONE_TWICE, TABLE], "a ticket for each, and a line in the table of SEC-1", missing,
    )  # fmt: skip


async def same_delivery_again(world: World) -> Shown:
    before = await world.issues()
    sent = await world.send("qtangl/scan-complete")
    missing = [] if await after_all(world, sent) == before else ["nothing new in Jira"]
    return await show(
        world, "The same delivery again", "qtangl/scan-complete", sent, 200,
        [*DONE_TWICE, TABLE], "known already: nothing new", missing,
    )  # fmt: skip


async def next_scan_with_the_same_findings(world: World) -> Shown:
    before = await world.issues()
    fresh = {"x-qtangl-delivery-id": str(uuid.uuid4())}
    sent = await world.send("qtangl/scan-complete", headers=fresh)
    missing = [] if (await after_all(world, sent)).keys() == before.keys() else ["no second ticket"]
    return await show(
        world, "The next scan finds the same", "qtangl/scan-complete", sent, 202,
        [("ticket-per-bad-finding", "create_ticket", "skipped")] * 2 + [TABLE],
        "no second ticket, one more line in the table", missing,
    )  # fmt: skip


async def scan_without_findings(world: World) -> Shown:
    sent = await world.send("qtangl/scan-clean")
    return await show(
        world, "A clean scan of another target", "qtangl/scan-clean", sent, 202, [TABLE],
        "a table of its own in SEC-1", [],
    )  # fmt: skip


async def forged_delivery(world: World) -> Shown:
    sent = await world.send("qtangl/scan-clean", secret="not-the-secret")  # noqa: S106 - a forgery
    missing = []
    if not await world.was_refused("qtangl", "signature_mismatch"):
        missing.append("the refusal in the store")
    return await show(
        world, "A forged delivery", "qtangl/scan-clean", sent, 401, [],
        "refused: signature_mismatch", missing,
    )  # fmt: skip


async def alert_raised(world: World) -> Shown:
    sent = await world.send("github/code-scanning-alert-created")
    return await show(
        world, "A code scanning alert", "github/code-scanning-alert-created", sent, 202,
        [("ticket-per-alert", "create_ticket", "done")], "a ticket", [],
    )  # fmt: skip


async def alert_fixed(world: World) -> Shown:
    sent = await world.send("github/code-scanning-alert-fixed")
    issues = await after_all(world, sent)
    done = [key for key, issue in issues.items() if status_of(issue) == "Done"]
    return await show(
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
    await after_all(world, sent)
    status = await world.record_status("finding", "fnd_rsa1024_legacy")
    return await show(
        world, "SEC-2 moved in Jira by a person", "", sent, 0,
        [("finding-follows-its-issue", "sync_status", "done")],
        f"the finding is {status or 'as it was'}",
        [] if status == "in-progress" else ["the finding in-progress"],
    )  # fmt: skip


async def job_progressed(world: World) -> Shown:
    sent = await world.send("cloudevents/job-progressed")
    return await show(
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
    case_opened_in_kibana,
    issue_of_the_case_done,
    case_closed_in_kibana,
)
"""In this order: the later ones need the tickets of the earlier."""
