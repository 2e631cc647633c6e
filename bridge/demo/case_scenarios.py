"""What the demo shows of cases: opened in Kibana, done in Jira, closed in Kibana."""

from __future__ import annotations

from bridge.demo.shown import Shown, after_all, ids_of, show, status_of
from bridge.demo.world import Sent, World


async def case_opened_in_kibana(world: World) -> Shown:
    """A person opens a case; the issue appears in Jira, and the comment with it."""
    after = await world.newest_seq()
    case_id = await world.open_case("Suspicious sign-ins", "Forty failures, then **one** success.")
    event_id = await _about_case(world, case_id, "case.created", after)
    await world.comment_on_case(case_id, "The account is locked for now.")
    await _about_case(world, case_id, "case.commented", after)
    key = await world.ticket_of_case(case_id)
    issue = str((await world.issues()).get(key))
    missing = [] if "Suspicious sign-ins" in issue else ["the issue in Jira"]
    if "The account is locked" not in issue:
        missing.append("the case's comment in the issue")
    return await show(
        world, "A case opened in Kibana by a person", "", Sent(0, ids_of(event_id)), 0,
        [("case-is-an-issue", "push_case", "done"), ("issue-and-case", "sync", "done")],
        f"{key or 'nothing'} with its comment",
        missing,
    )  # fmt: skip


async def issue_of_the_case_done(world: World) -> Shown:
    """A person finishes the issue in Jira; the case is closed in Kibana."""
    after = await world.newest_seq()
    case_id, key = await world.newest_case()
    await world.move(key, "Done")
    event_id = await world.event_about(key, "issue.updated", after)
    await after_all(world, Sent(0, ids_of(event_id)))
    status = await world.case_status(case_id)
    return await show(
        world, f"{key} done in Jira by a person", "", Sent(0, ids_of(event_id)), 0,
        [("issue-and-case", "sync", "done")], f"the case in Kibana is {status}",
        [] if status == "closed" else ["the case closed"],
    )  # fmt: skip


async def case_closed_in_kibana(world: World) -> Shown:
    """And the other way round: the case is closed, and its issue is done."""
    after = await world.newest_seq()
    case_id = await world.open_case("Phishing mail", "Reported by three people.")
    await _about_case(world, case_id, "case.created", after)
    key = await world.ticket_of_case(case_id)
    await world.close_case(case_id)
    event_id = await _about_case(world, case_id, "case.closed", after)
    issue = (await world.issues()).get(key)
    status = status_of(issue) if issue else "nowhere"
    return await show(
        world, "A case closed in Kibana by a person", "", Sent(0, ids_of(event_id)), 0,
        [("issue-and-case", "sync", "done")], f"{key} is {status}",
        [] if status == "Done" else ["its issue in Done"],
    )  # fmt: skip


async def _about_case(world: World, case_id: str, kind: str, after: int) -> str:
    """The next event about a case, once it is settled; empty when none comes."""
    event_id = await world.event_about(f"kibana/case/{case_id}", kind, after)
    await after_all(world, Sent(0, ids_of(event_id)))
    return event_id
