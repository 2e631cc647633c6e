"""The table of Jira's dynamic webhooks, on each engine."""

from __future__ import annotations

from dataclasses import replace

from bridge.store.jira_webhooks import (
    KeptWebhook,
    begin_refresh,
    end_refresh,
    forget_webhook,
    keep_webhook,
    list_webhooks,
)
from bridge.store.transaction import Database
from tests.store.conftest import START

ONE = KeptWebhook(
    "default", "jira", "10000", "jira", "https://bridge.example.com/hooks/jira",
    ("jira:issue_updated", "comment_created"), "project = SEC", START + 1_000,
)  # fmt: skip


async def keep(database: Database, one: KeptWebhook) -> None:
    await database.write(lambda tx: keep_webhook(tx, one))


async def test_webhook_comes_back_as_it_was_and_the_last_word_counts(database: Database) -> None:
    await keep(database, ONE)
    other = replace(ONE, tenant="acme", expires_at=START)
    await keep(database, other)
    assert await database.read(list_webhooks) == [other, ONE]
    later = replace(ONE, expires_at=START + 5_000, events=("jira:issue_created",))
    await keep(database, later)
    assert await database.read(list_webhooks) == [other, later]
    await database.write(lambda tx: forget_webhook(tx, other))
    assert await database.read(list_webhooks) == [later]


async def test_one_node_refreshes_and_a_failure_keeps_all_away_for_its_time(
    database: Database,
) -> None:
    await keep(database, ONE)
    until = START + 3_600_000

    async def begun(now: int) -> bool:
        return await database.write(lambda tx: begin_refresh(tx, ONE, now, until))

    assert await begun(START)
    assert not await begun(START)
    await database.write(lambda tx: end_refresh(tx, ONE, ONE.expires_at, "down"))
    assert [one.trouble for one in await database.read(list_webhooks)] == ["down"]
    assert not await begun(START + 1)
    assert await begun(until)
    await database.write(lambda tx: end_refresh(tx, ONE, ONE.expires_at + 1, ""))
    (kept,) = await database.read(list_webhooks)
    assert (kept.expires_at, kept.trouble) == (ONE.expires_at + 1, "")
    assert not await begun(until), "what was read before the refresh counts for nothing"
