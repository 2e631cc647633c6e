"""The table of webhooks that an OAuth app of ours has registered with Jira."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from bridge.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class KeptWebhook:
    """id: Jira's number. source: whose address it is sent to. expires_at: milliseconds.

    trouble: why it was not refreshed when that was last tried; empty when all is well.
    """

    tenant: str
    integration: str
    id: str
    source: str
    url: str = field(repr=False)
    events: tuple[str, ...]
    jql: str
    expires_at: int
    trouble: str = ""


async def list_webhooks(tx: Transaction) -> Sequence[KeptWebhook]:
    """All of them, those that end first first."""
    rows = await tx.rows(
        "SELECT tenant, integration, webhook, source, url, events, jql, expires_at, trouble"
        " FROM jira_webhooks ORDER BY expires_at, webhook"
    )
    return [
        KeptWebhook(
            tenant, integration, id_, source, url, tuple(json.loads(events)), jql, until, trouble
        )
        for tenant, integration, id_, source, url, events, jql, until, trouble in rows
    ]


async def keep_webhook(tx: Transaction, one: KeptWebhook) -> None:
    """Remembers a webhook, or what has changed about it."""
    await tx.run(
        "INSERT INTO jira_webhooks"
        " (tenant, integration, webhook, source, url, events, jql, expires_at, trouble)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant, integration, webhook) DO UPDATE SET source = excluded.source,"
        " url = excluded.url, events = excluded.events, jql = excluded.jql,"
        " expires_at = excluded.expires_at, trouble = excluded.trouble",
        one.tenant,
        one.integration,
        one.id,
        one.source,
        one.url,
        json.dumps(list(one.events)),
        one.jql,
        one.expires_at,
        one.trouble,
    )


async def forget_webhook(tx: Transaction, one: KeptWebhook) -> None:
    await tx.run(
        "DELETE FROM jira_webhooks WHERE tenant = ? AND integration = ? AND webhook = ?",
        one.tenant,
        one.integration,
        one.id,
    )


async def begin_refresh(tx: Transaction, one: KeptWebhook, now: int, until: int) -> bool:
    """Whether this node may refresh it now: one at a time, for as long as `until`."""
    changed = await tx.run(
        "UPDATE jira_webhooks SET refreshing_until = ? WHERE tenant = ? AND integration = ?"
        " AND webhook = ? AND refreshing_until <= ? AND expires_at = ?",
        until,
        one.tenant,
        one.integration,
        one.id,
        now,
        one.expires_at,
    )
    return changed == 1


async def end_refresh(tx: Transaction, one: KeptWebhook, expires_at: int, trouble: str) -> None:
    """Writes down what came of it. After a failure nobody tries before `refreshing_until`."""
    await tx.run(
        "UPDATE jira_webhooks SET expires_at = ?, trouble = ?,"
        " refreshing_until = CASE WHEN ? = '' THEN 0 ELSE refreshing_until END"
        " WHERE tenant = ? AND integration = ? AND webhook = ?",
        expires_at,
        trouble,
        trouble,
        one.tenant,
        one.integration,
        one.id,
    )
