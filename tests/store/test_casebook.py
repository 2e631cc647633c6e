"""Cases on both engines: what events tell adds up, and what a push did is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bridge.casebook import complete_cases, keep_push, new_version
from bridge.event import JSON
from bridge.retention import DAY_MS, Keep, Retention
from bridge.store import cases
from bridge.store.records import Record, get_record, keep_records
from bridge.store.transaction import Database, Transaction
from tests.store.conftest import MovableClock

T = "default"
OUTPUTS: dict[str, JSON] = {
    "case": "c", "key": "SEC-7", "id": "10007", "url": "https://jira.example/7", "comments": ["a"],
}  # fmt: skip


async def tell(database: Database, time: int, **data: Any) -> None:
    title = str(data.get("title", ""))
    status = str(data.get("status", ""))
    record = Record(T, "case", "c", "s", "c", title, status, "", "", "", data, f"evt_{time}", time)

    async def work(tx: Transaction) -> None:
        await keep_records(tx, await complete_cases(tx, [record], time), time)

    await database.write(work)


async def known(database: Database) -> Record:
    record = await database.read(lambda tx: get_record(tx, T, "case", "c"))
    assert record is not None
    return record


async def version(database: Database) -> str:
    return (await database.read(lambda tx: cases.versions(tx, T, ["c"])))["c"]


async def comments(database: Database) -> dict[str, tuple[JSON, int | None]]:
    found = await database.read(lambda tx: cases.list_comments(tx, T, "c"))
    return {one.id: (one.data.get("comment"), one.pushed_at) for one in found}


async def test_a_part_adds_to_what_is_known(database: Database) -> None:
    await tell(database, 1, title="One", status="open", tags=["x"], version="v1")
    assert await version(database) == "v1"
    await tell(database, 2, status="closed", comment={"id": "a", "body": "Hi"}, changed={"x": {}})
    record = await known(database)
    assert (record.title, record.status, record.event_time) == ("One", "closed", 2)
    assert isinstance(record.data, dict)
    assert record.data["tags"] == ["x"]
    assert await version(database) == new_version(2)
    await tell(database, 3, title="Three")
    record = await known(database)
    assert isinstance(record.data, dict)
    assert {"comment", "changed"} & set(record.data) == set()
    assert await comments(database) == {"a": ("Hi", None)}


async def test_a_version_that_its_source_repeats_after_a_change_is_not_shown_again(
    database: Database,
) -> None:
    await tell(database, 1, title="One", version="v1")
    await database.write(lambda tx: keep_push(tx, T, "jira", OUTPUTS, None, 1))
    await tell(database, 2, title="Two", version="v1")
    assert await version(database) == new_version(3)
    await tell(database, 3, title="Two", version="v2")
    assert await version(database) == "v2"


async def test_what_comes_late_adds_only_what_is_not_known(database: Database) -> None:
    await tell(database, 5, title="Five", status="closed", version="v5")
    await tell(database, 3, title="Three", description="d", comment={"id": "a", "body": "Hi"})
    record = await known(database)
    assert isinstance(record.data, dict)
    assert (record.title, record.data["description"], record.event_time) == ("Five", "d", 5)
    assert await version(database) == "v5"
    assert list(await comments(database)) == ["a"]


@pytest.mark.parametrize(
    "later", [{"id": "a", "body": "Hi"}, {"id": "a", "author": "ann"}, {"id": "a", "type": "user"}]
)
async def test_a_poorer_telling_of_a_comment_takes_nothing_away(
    database: Database, later: dict[str, JSON]
) -> None:
    full: dict[str, JSON] = {"id": "a", "comment": "Hi", "created_by": {"username": "ann"}}
    await tell(database, 1, title="One", comments=[full])
    await tell(database, 2, comment=later)
    (found,) = await database.read(lambda tx: cases.list_comments(tx, T, "c"))
    assert {**found.data, **full} == found.data
    assert found.time == 1


async def test_a_push_is_kept_with_its_comments_and_makes_another_version(
    database: Database,
) -> None:
    await tell(database, 1, title="One", comments=[{"id": "a", "body": "A"}], version="v1")
    await tell(database, 2, comment={"id": "b", "body": "B"}, version="v2")
    by: JSON = {"username": "ann"}
    await database.write(lambda tx: keep_push(tx, T, "jira", OUTPUTS, by, 10, ["a"]))
    assert await comments(database) == {"a": ("A", 10), "b": ("B", None)}
    assert await version(database) == new_version(3)
    await database.write(lambda tx: keep_push(tx, T, "other", OUTPUTS, by, 20, ["a", "b"]))
    assert await comments(database) == {"a": ("A", 10), "b": ("B", 20)}
    last = (await database.read(lambda tx: cases.last_incidents(tx, T, ["c"])))["c"]
    assert (last.integration, last.service["external_title"]) == ("other", "SEC-7")
    assert await database.read(lambda tx: cases.count_incidents(tx, T)) == {"jira": 1, "other": 1}
    assert await database.read(lambda tx: cases.count_incidents(tx, "acme")) == {}


async def test_events_of_one_case_at_once_lose_nothing(database: Database) -> None:
    await tell(database, 1, title="One")
    await asyncio.gather(
        *(
            tell(
                database, 2, **{f"field{number}": number}, comment={"id": str(number), "body": "x"}
            )
            for number in range(8)
        )
    )
    record = await known(database)
    assert isinstance(record.data, dict)
    assert {f"field{number}" for number in range(8)} <= set(record.data)
    assert len(await comments(database)) == 8
    assert await version(database) == new_version(9)


async def test_all_that_hangs_on_a_case_goes_with_it(
    database: Database, clock: MovableClock
) -> None:
    await tell(database, clock(), title="One", comments=[{"id": "a", "body": "A"}])
    await database.write(lambda tx: keep_push(tx, T, "jira", OUTPUTS, None, clock()))
    clock.advance(366 * DAY_MS)
    await Retention(database, clock, Keep({}, record_days=365)).forget()
    assert await comments(database) == {}
    assert await database.read(lambda tx: cases.versions(tx, T, ["c"])) == {}
    assert await database.read(lambda tx: cases.last_incidents(tx, T, ["c"])) == {}
