"""What rules and pushes know of each other's tickets, and scans with their findings, by page."""

from __future__ import annotations

from bridge.action import ActionState, PlannedAction
from bridge.store import actions, events, links
from bridge.store.findings import (
    FINDING,
    NOTHING,
    PUSH,
    RUN_OF_PUSH,
    Earlier,
    made_by_push,
    made_by_rules,
    tickets_of_findings,
)
from bridge.store.links import Link, LinkState
from bridge.store.records import (
    Record,
    get_records,
    keep_records,
    page_of_records,
    parts_of,
)
from bridge.store.transaction import Database, Transaction
from tests.store.conftest import START, new_event
from tests.store.plans import plan, run_of

CREATE = PlannedAction(0, "create_ticket", "", "jira", {"summary": "x"})


async def keep(database: Database, link: Link, now: int = START) -> None:
    await database.write(lambda tx: links.intend(tx, link, now))


def link(rule: str, run_id: str, ticket: str = "", **more: object) -> Link:
    state = more.get("state", LinkState.INTENT)
    assert isinstance(state, LinkState)
    return Link(
        str(more.get("tenant", "default")), rule, str(more.get("once", "f1")), "", FINDING,
        "f1", run_id, "", state, "jira", ticket, "", "",
    )  # fmt: skip


async def rules_say(database: Database, *integrations: str) -> Earlier:
    names = integrations or ("jira",)
    return await database.read(lambda tx: made_by_rules(tx, "default", "f1", names))


async def planned_create(database: Database) -> actions.StoredAction:
    """A rule's create for the finding f1, planned and not yet tried."""
    event = new_event("k1")
    await database.write(lambda tx: events.insert_events(tx, [[event]]))
    await plan(database, event.id, START, run_of("r", CREATE, once="f1"))
    (action,) = await database.read(lambda tx: actions.actions_of_event(tx, event.id))

    async def work(tx: Transaction) -> None:
        await tx.run("UPDATE links SET kind = 'finding', record_id = 'f1'")

    await database.write(work)
    return action


async def test_push_sees_a_rule_at_work_then_its_mark_then_its_ticket(database: Database) -> None:
    assert await rules_say(database) == NOTHING
    action = await planned_create(database)
    assert await rules_say(database) == Earlier(mark=action.mark, busy="the rule r")
    assert await rules_say(database, "github", "linear") == NOTHING

    async def die(tx: Transaction) -> None:
        await actions.end_action(tx, action.id, ActionState.DEAD, "no", {}, START, 1)

    await database.write(die)
    assert await rules_say(database) == Earlier(mark=action.mark)
    await database.write(
        lambda tx: links.set_ticket(tx, action.run_id, "jira", "SEC-1", "1", "", START)
    )
    found = await rules_say(database)
    assert found.link is not None
    assert found.link.ticket == "SEC-1"


async def test_rule_sees_a_push_at_work_then_its_mark_then_its_ticket(database: Database) -> None:
    async def push_says(since: int = 0) -> Earlier:
        return await database.read(lambda tx: made_by_push(tx, "run_1", "jira", since))

    await keep(database, link("r", "run_1"))
    await keep(database, link(PUSH, "api_other", "ACME-1", tenant="acme"))
    assert await push_says() == NOTHING
    await keep(database, link(PUSH, RUN_OF_PUSH + "m1", once="jira:f1"))
    assert (await push_says()).busy
    assert await push_says(START + 1) == Earlier(mark="m1")
    await database.write(
        lambda tx: links.set_ticket(tx, RUN_OF_PUSH + "m1", "jira", "SEC-1", "1", "", START)
    )
    found = await push_says()
    assert found.link is not None
    assert found.link.ticket == "SEC-1"
    shown = await database.read(lambda tx: tickets_of_findings(tx, "default", ["f1", "f2"]))
    assert [one.ticket for one in shown["f1"]] == ["SEC-1"]
    assert await database.read(lambda tx: tickets_of_findings(tx, "default", [])) == {}


async def test_records_are_paged_by_time_and_found_by_id_and_parent(database: Database) -> None:
    def record(kind: str, id_: str, time: int, parent: str = "", tenant: str = "default") -> Record:
        return Record(tenant, kind, id_, "s", "", "", "", "", parent, "", {}, "", time)

    kept = [
        *(record("scan", f"s{number}", START + number // 2) for number in range(5)),
        record("scan", "theirs", START, tenant="acme"),
        *(record(FINDING, f"f{number}", START, "s1") for number in range(600)),
    ]
    await database.write(lambda tx: keep_records(tx, kept, START))
    seen: list[str] = []
    before: tuple[int, str] | None = None
    for _ in range(4):
        at = before

        async def work(tx: Transaction, at: tuple[int, str] | None = at) -> list[Record]:
            return list(await page_of_records(tx, "default", "scan", 2, at))

        page = await database.read(work)
        seen += [one.id for one in page]
        before = (page[-1].event_time, page[-1].id) if page else before
    assert seen == ["s4", "s3", "s2", "s1", "s0"]
    ids = [f"f{number}" for number in range(700)]
    found = await database.read(lambda tx: get_records(tx, "default", FINDING, ids))
    assert len(found) == 600
    assert len(await database.read(lambda tx: parts_of(tx, "default", FINDING, "s1"))) == 600
    assert await database.read(lambda tx: parts_of(tx, "acme", FINDING, "s1")) == []
