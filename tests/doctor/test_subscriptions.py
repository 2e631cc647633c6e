"""What doctor says of the webhooks that an app has at Jira and that end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.premises import check_subscriptions
from bridge.store.database import open_database
from bridge.store.jira_webhooks import KeptWebhook, keep_webhook
from bridge.store.transaction import Database

NOW = 1_795_694_400_000  # 2026-11-26T12:00:00Z
HOLDS = KeptWebhook(
    "default", "jira", "10000", "findings", "https://bridge.example.com/hooks/findings",
    ("jira:issue_updated",), "project = SEC", NOW + 86_400_000,
)  # fmt: skip


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database("sqlite:///bridge.db", lambda: NOW, beside=tmp_path)
    yield database
    await database.close()


@pytest.mark.parametrize(
    ("kept", "ok", "message", "hint"),
    [
        (HOLDS, True, "findings: the webhook 10000 at jira holds until 2026-11-27T12:00", ""),
        (replace(HOLDS, trouble="401: no"), False, "and was not refreshed; 401: no", "refresh"),
        (replace(HOLDS, expires_at=NOW - 1, trouble="x"), False, "ended at 2026", "subscribe"),
        (replace(HOLDS, tenant="acme"), True, "acme/findings: ", ""),
    ],
)
async def test_webhook_that_ends_is_told_with_what_to_do(
    kept: KeptWebhook, ok: bool, message: str, hint: str, database: Database
) -> None:
    await database.write(lambda tx: keep_webhook(tx, kept))
    (found,) = await check_subscriptions(database, NOW)
    assert (found.what, found.ok) == ("webhooks", ok)
    assert message in found.message
    assert hint in found.hint
    assert bool(found.hint) != ok
