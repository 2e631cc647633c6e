"""The table of application settings: what a tenant's admins switch on and off while it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bridge.event import JSON
from bridge.store.transaction import Transaction


async def get_setting(tx: Transaction, tenant: str, name: str) -> Mapping[str, JSON]:
    """What was set under a name; empty where nothing ever was."""
    row = await tx.row("SELECT value FROM app_settings WHERE tenant = ? AND name = ?", tenant, name)
    value: JSON = json.loads(row[0]) if row else {}
    return value if isinstance(value, dict) else {}


async def put_setting(
    tx: Transaction, tenant: str, name: str, value: Mapping[str, JSON], now: int
) -> None:
    await tx.run(
        "INSERT INTO app_settings (tenant, name, value, updated_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value,"
        " updated_at = excluded.updated_at",
        tenant,
        name,
        json.dumps(dict(value)),
        now,
    )
