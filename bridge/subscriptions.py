"""What Jira sends us, arranged with Jira: registered, found again, refreshed and taken away.

Decision: what is remembered here.
Question: an administrator's webhook carries our address, so Jira knows it best; an app's is told
without one, and ends after 30 days.
Choice: of the first nothing is kept, it is looked for at Jira by its address; of the second the
number and the day it ends, so that the server can refresh it and say when it could not.
Consequence: a second `subscribe` finds its own; where the store was lost, it finds an app's webhook
again by what it sends, since all of one app go to one address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bridge.clock import Clock
from bridge.connectors.jira import webhooks
from bridge.connectors.jira.client import Jira
from bridge.connectors.jira.webhooks import Kind, WantedWebhook, Webhook
from bridge.errors import GiveUp
from bridge.settings import Settings, SourceSettings
from bridge.store.jira_webhooks import KeptWebhook, forget_webhook, keep_webhook, list_webhooks
from bridge.store.transaction import Database

DAY_MS = 86_400_000
LIFE_MS = 30 * DAY_MS
"""Of a dynamic webhook, as Atlassian says; what Jira itself tells goes first."""

Change = Literal["made", "changed", "there", "removed"]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A source, and the Jira that is to send to it. address: the source's, as Jira reaches it."""

    source: SourceSettings
    integration: str
    jira: Jira
    address: str

    def owns(self, url: str) -> bool:
        """Whether a webhook's address is this source's, the secret behind it or not."""
        return url == self.address or url.startswith(f"{self.address}/")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asks for. kind, jql: None leaves the choice to us. anew: writes the secret of
    a webhook that is there already once more, as after a rotation."""

    kind: Kind | None = None
    events: tuple[str, ...] = webhooks.EVENTS
    jql: str | None = None
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Arranged:
    """What came of it. id: empty for what was only tried out."""

    change: Change
    kind: Kind
    id: str
    events: tuple[str, ...]
    jql: str
    expires_at: int = 0


@dataclass(slots=True)
class Subscriptions:
    """Arranges webhooks with Jira. dry: asks Jira and changes nothing."""

    settings: Settings
    database: Database
    clock: Clock
    dry: bool = False

    async def subscribe(self, who: Subscriber, asked: Asked) -> Arranged:
        """Registers the source's webhook, or finds its own. Raises TryAgain, GiveUp."""
        kind = asked.kind or default_kind(who.jira)
        wanted = self._wanted(who, kind, asked)
        if kind is Kind.ADMIN:
            return await self._admin(who, wanted, anew=asked.anew)
        return await self._dynamic(who, wanted)

    async def list(self, who: Subscriber) -> Sequence[Webhook]:
        """What Jira sends to this source now, in both kinds as far as the account may look."""
        found: list[Webhook] = []
        refused: list[GiveUp] = []
        try:
            every = await webhooks.list_admin(who.jira)
            found += [one for one in every if who.owns(one.url)]
        except webhooks.NotAllowed as error:
            refused.append(error)
        cloud = (await who.jira.facts()).cloud
        kept = {one.id for one in await self.kept(who)}
        if cloud:
            try:
                every = await webhooks.list_dynamic(who.jira)
                found += [one for one in every if one.id in kept or who.owns(one.url)]
            except webhooks.NotAllowed as error:
                refused.append(error)
        if len(refused) == (2 if cloud else 1):
            raise refused[0] if default_kind(who.jira) is Kind.ADMIN else refused[-1]
        return found

    async def refresh(self, who: Subscriber) -> Sequence[Arranged]:
        """Lets the source's dynamic webhooks hold for another 30 days."""
        kept = await self.kept(who)
        if not kept:
            return []
        ids = [one.id for one in kept]
        until = self.clock() + LIFE_MS
        if not self.dry:
            until = await webhooks.refresh_dynamic(who.jira, ids)
            for one in kept:
                await self._keep(replace(one, expires_at=until, trouble=""))
        return [
            Arranged("changed", Kind.DYNAMIC, one.id, one.events, one.jql, until) for one in kept
        ]

    async def remove(self, who: Subscriber) -> Sequence[Arranged]:
        """Takes the source's webhooks away from Jira; those of others stay."""
        found = await self.list(who)
        gone: list[Arranged] = []
        for one in found:
            if not self.dry and one.kind is Kind.ADMIN:
                await webhooks.remove_admin(who.jira, one.id)
            elif not self.dry:
                await webhooks.remove_dynamic(who.jira, [one.id])
            gone.append(Arranged("removed", one.kind, one.id, one.events, one.jql, one.expires_at))
        if not self.dry:
            for row in await self.kept(who):
                await self._forget(row)
        return gone

    async def kept(self, who: Subscriber) -> Sequence[KeptWebhook]:
        """The dynamic webhooks that are remembered for this source."""
        every = await self.database.read(list_webhooks)
        mine = (who.source.tenant, who.integration, who.source.name)
        return [one for one in every if (one.tenant, one.integration, one.source) == mine]

    def _wanted(self, who: Subscriber, kind: Kind, asked: Asked) -> WantedWebhook:
        """Raises GiveUp for what Jira would take and the source would then refuse."""
        secret = self._secret(who.source, kind)
        url = who.address
        if who.source.proof == "path":
            url, secret = f"{url}/{secret}", ""
        jql = asked.jql if asked.jql is not None else _of_project(who.jira)
        if kind is Kind.DYNAMIC and not jql.strip():
            raise GiveUp("an app's webhook needs a filter: give --jql, such as project = SEC")
        name = f"Event bridge: {who.source.name}"
        sent = secret if kind is Kind.ADMIN else ""
        return WantedWebhook(name, url, tuple(dict.fromkeys(asked.events)), jql, sent)

    def _secret(self, source: SourceSettings, kind: Kind) -> str:
        """What the source will want to see; its first, the newest where there are several."""
        if not source.secrets:
            raise GiveUp(
                f'the source "{source.name}" has no secret, so it could not know Jira by anything: '
                "give it one under `secrets` first"
            )
        takes = ("required", "hmac", "path") if kind is Kind.ADMIN else ("required", "jwt")
        if source.proof not in takes:
            raise GiveUp(
                f'the source "{source.name}" takes `proof: {source.proof}` alone, and '
                f"{'an' if kind is Kind.ADMIN else 'a'} {kind.value} webhook brings none such; "
                f"it has to be one of: {', '.join(takes)}"
            )
        secrets = [one.get_secret_value() for one in source.secrets]
        apps = [one.client_secret.get_secret_value() for one in self.settings.oauth
                if one.type == "jira"]  # fmt: skip
        if kind is Kind.DYNAMIC and apps and not set(apps) & set(secrets):
            raise GiveUp(
                "Jira signs an app's webhooks with the app's client secret, and the source "
                f'"{source.name}" does not know it: put it under `secrets`'
            )
        return secrets[0]

    async def _admin(self, who: Subscriber, wanted: WantedWebhook, *, anew: bool) -> Arranged:
        every = await webhooks.list_admin(who.jira)
        there = next((one for one in every if who.owns(one.url)), None)
        result = Arranged("made", Kind.ADMIN, "", wanted.events, wanted.jql)
        if there is None:
            if not self.dry:
                made = await webhooks.create_admin(who.jira, wanted)
                result = replace(result, id=made.id)
            return result
        result = replace(result, id=there.id)
        if there.is_as(wanted) and there.url == wanted.url and not anew:
            return replace(result, change="there")
        if not self.dry:
            await webhooks.change_admin(who.jira, there.id, wanted)
        return replace(result, change="changed")

    async def _dynamic(self, who: Subscriber, wanted: WantedWebhook) -> Arranged:
        """The new one first, then the old ones go: nothing is missed between the two."""
        at_jira = await webhooks.list_dynamic(who.jira)
        known = {one.id for one in await self.kept(who)}
        mine = [one for one in at_jira if one.id in known or who.owns(one.url)]
        # An answer that was lost, or a store: the app's own that sends the same is ours.
        adopted = [one for one in at_jira if not one.url and one.is_as(wanted)]
        fitting = [one for one in (*mine, *adopted) if one.is_as(wanted)]
        others = [one.id for one in mine if one not in fitting[:1]]
        result = Arranged("made", Kind.DYNAMIC, "", wanted.events, wanted.jql)
        if fitting:
            until = fitting[0].expires_at or self.clock() + LIFE_MS
            change: Change = "changed" if others else "there"
            result = replace(result, change=change, id=fitting[0].id, expires_at=until)
        elif others:
            result = replace(result, change="changed")
        if self.dry:
            return result
        if not fitting:
            made = await webhooks.create_dynamic(who.jira, wanted)
            result = replace(result, id=made, expires_at=await self._until(who, made))
        await self._remember(who, wanted, result)
        if others:
            await webhooks.remove_dynamic(who.jira, others)
        for row in await self.kept(who):
            if row.id != result.id:
                await self._forget(row)
        return result

    async def _until(self, who: Subscriber, id_: str) -> int:
        """Until when a new webhook holds, as Jira tells."""
        for one in await webhooks.list_dynamic(who.jira):
            if one.id == id_ and one.expires_at:
                return one.expires_at
        return self.clock() + LIFE_MS

    async def _remember(self, who: Subscriber, wanted: WantedWebhook, result: Arranged) -> None:
        await self._keep(
            KeptWebhook(
                tenant=who.source.tenant,
                integration=who.integration,
                id=result.id,
                source=who.source.name,
                url=wanted.url,
                events=wanted.events,
                jql=wanted.jql,
                expires_at=result.expires_at,
            )
        )

    async def _keep(self, one: KeptWebhook) -> None:
        await self.database.write(lambda tx: keep_webhook(tx, one))

    async def _forget(self, one: KeptWebhook) -> None:
        await self.database.write(lambda tx: forget_webhook(tx, one))


def default_kind(jira: Jira) -> Kind:
    """Apps register dynamic webhooks, people's tokens those of the site."""
    return Kind.DYNAMIC if jira.settings.auth.access_token is not None else Kind.ADMIN


def _of_project(jira: Jira) -> str:
    """The filter unless another is asked for: the integration's own project."""
    project = jira.settings.project or ""
    return f"project = {project}" if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", project) else ""
