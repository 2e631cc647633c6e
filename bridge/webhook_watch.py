"""Webhooks of Jira that end are refreshed before they do, once among all nodes.

Every node reads which there are, so that each can say so; the one that takes the row first asks
Jira. Atlassian lets them end after 30 days and refreshes at any time before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from bridge.calling import Integration
from bridge.clock import Clock, iso
from bridge.connectors.jira import webhooks
from bridge.connectors.jira.client import Jira
from bridge.errors import BridgeError, ConnectorError, GiveUp
from bridge.registry import Registry
from bridge.store.jira_webhooks import KeptWebhook, begin_refresh, end_refresh, list_webhooks
from bridge.store.transaction import Database
from bridge.subscriptions import DAY_MS

AHEAD_MS = 10 * DAY_MS
"""How long before its end a webhook is refreshed: a Jira that is down for a week costs nothing."""

AGAIN_MS = 3_600_000
"""After a failure nobody tries for so long; also how long one node may take."""

LOOK_EVERY_SECONDS = 300.0

log = structlog.get_logger("bridge.webhooks")


@dataclass(frozen=True, slots=True)
class Ending:
    """A webhook as it is shown: when it ends (milliseconds), and what is wrong with it."""

    ends_at: int
    trouble: str = ""


@dataclass(slots=True)
class WebhookWatch:
    """renew: gives an integration with an access token that holds."""

    database: Database
    clock: Clock
    registry: Registry
    renew: Callable[[Integration], Awaitable[Integration]]
    _kept: Sequence[KeptWebhook] = field(default_factory=tuple)

    async def watch(self) -> None:
        """One round after the other, until cancelled."""
        while True:
            try:
                await self.round()
            except BridgeError as error:
                log.warning("webhooks not looked at", error=str(error))
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def round(self) -> None:
        """Refreshes what ends soon; what fails is logged and kept with its row."""
        soon = self.clock() + AHEAD_MS
        for one in await self.database.read(list_webhooks):
            if one.expires_at <= soon:
                await self._refresh(one)
        self._kept = await self.database.read(list_webhooks)

    def endings(self) -> dict[str, Ending]:
        """By tenant, source and number, as they were at the last look."""
        now = self.clock()
        return {
            f"{one.tenant}/{one.source}/{one.id}": Ending(one.expires_at, _trouble(one, now))
            for one in self._kept
        }

    async def _refresh(self, one: KeptWebhook) -> None:
        now = self.clock()
        until = now + AGAIN_MS
        if not await self.database.write(lambda tx: begin_refresh(tx, one, now, until)):
            return
        ends_at, trouble = one.expires_at, ""
        try:
            ends_at = await self._asked(one)
        except ConnectorError as error:
            trouble = error.reason
        await self.database.write(lambda tx: end_refresh(tx, one, ends_at, trouble))
        about = {"source": one.source, "integration": one.integration, "webhook": one.id}
        if trouble:
            log.warning("webhook not refreshed", **about, ends=iso(ends_at), error=trouble)
        else:
            log.info("webhook refreshed", **about, ends=iso(ends_at))

    async def _asked(self, one: KeptWebhook) -> int:
        """Until when it holds now. Raises TryAgain, GiveUp."""
        found = self.registry.get((one.tenant, one.integration))
        if found is None or not isinstance(found.client, Jira):
            raise GiveUp(f'there is no Jira "{one.integration}" any more')
        jira = (await self.renew(found)).client
        ends_at = await webhooks.refresh_dynamic(jira, [one.id])
        if one.id not in {each.id for each in await webhooks.list_dynamic(jira)}:
            raise GiveUp(
                f"Jira no longer has it: `bridge jira subscribe {one.source}` registers it again"
            )
        return ends_at


def _trouble(one: KeptWebhook, now: int) -> str:
    if one.expires_at <= now:
        return f"ended at {iso(one.expires_at)}; {one.trouble or 'it was not refreshed in time'}"
    return one.trouble
