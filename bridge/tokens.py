"""Access tokens that end: renewed before they do, once, also where several nodes see it coming.

A node that wants to renew takes the row first (`renewing_until`); the others wait until there is
a new token. Many systems take a refresh token once only, so a second renewal would cost both.
Source: RFC 6749, sections 4.1.3 and 6.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from bridge.access.vault import Vault
from bridge.calling import Integration
from bridge.clock import Clock, iso
from bridge.connectors.ask import parse_json
from bridge.connectors.catalogue import load_connectors
from bridge.connectors.http import HttpClient
from bridge.errors import (
    BridgeError,
    Conflict,
    ConnectorError,
    GiveUp,
    NotFound,
    VaultClosed,
)
from bridge.made import MadeIntegrations, Secrets, seal, unseal
from bridge.store.integrations import (
    StoredIntegration,
    begin_renewal,
    end_renewal,
    get_integration,
    list_integrations,
    update_integration,
)
from bridge.store.transaction import Database, Transaction
from bridge.token_requests import NotRenewable, OAuthClient, Token, request_of, token_of

AHEAD_MS = 300_000
"""How long before its end a token is renewed: five minutes, more than clocks differ."""

RENEWAL_MS = 60_000
"""How long a node may take; after that another one tries."""

FRESH_MS = 60_000
"""A token that is refused this soon after it came is not helped by the next one."""

OVER = 1
"""The end of a token that is known to be over, milliseconds; 0 would be one without an end."""

LOOK_EVERY_SECONDS = 60.0
WAIT_SECONDS = 0.2

log = structlog.get_logger("bridge.tokens")


@dataclass(slots=True)
class Tokens:
    """Renews tokens of integrations that API callers made.

    http: the operator's, because token addresses come from the configuration or from us.
    clients: by the connector's name.
    sleep: what waiting for another node is done with.
    """

    database: Database
    clock: Clock
    made: MadeIntegrations
    http: HttpClient
    clients: Mapping[str, OAuthClient]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def renew(self, integration: Integration) -> Integration:
        """The integration with a token that holds. Raises TryAgain, GiveUp.

        While the old token still holds, a renewal that fails keeps nobody from using it. Where
        there is nothing to renew it with, it goes out as it is: its system has the last word.
        """
        if not integration.valid_until or self.clock() + AHEAD_MS < integration.valid_until:
            return integration
        try:
            return self.made.open(await self.obtain(integration.tenant, integration.id))
        except VaultClosed as error:
            raise GiveUp(str(error)) from error
        except ConnectorError as error:
            if self.clock() < integration.valid_until or isinstance(error, NotRenewable):
                return integration
            raise

    async def refused(self, integration: Integration) -> Integration | None:
        """What to call with after the system said no to the token, although it should hold: it
        was taken back, or nobody said when it ends. None where there is nothing better.
        """
        if not integration.id:
            return None
        try:
            stored = await self._read(integration.tenant, integration.id)
            if stored.version == integration.version:
                if not self._may_be_over(stored):
                    return None
                await self._tell(replace(stored, valid_until=OVER))
                stored = await self.obtain(integration.tenant, integration.id)
            return self.made.open(stored)
        except (ConnectorError, VaultClosed) as error:
            log.warning("no better token", integration=integration.name, error=str(error))
            return None

    def _may_be_over(self, stored: StoredIntegration) -> bool:
        """Whether another token is worth asking for: not where this one has just been made."""
        has_refresh = bool(unseal(self._vault(), stored).auth.get("refresh_token"))
        fresh = self.clock() - stored.updated_at < FRESH_MS and stored.version > 1
        return has_refresh and not fresh

    async def obtain(self, tenant: str, id_: str) -> StoredIntegration:
        """The row once its token holds, renewed where it has to be. Raises TryAgain, GiveUp."""
        async with self._locks.setdefault(id_, asyncio.Lock()):
            return await self._renewed(tenant, id_)

    async def watch(self) -> None:
        """Renews what ends soon, also where nobody calls; until cancelled."""
        while True:
            try:
                await self.renew_due()
            except BridgeError as error:
                log.warning("tokens not looked at", error=str(error))
            await self.sleep(LOOK_EVERY_SECONDS)

    async def renew_due(self) -> None:
        """One round over all that end soon; what fails is logged and kept with its row.

        What was refused for good is left to whoever calls next: no system likes to be asked every
        minute for what it has said no to.
        """
        soon = self.clock() + AHEAD_MS
        for stored in await self.database.read(list_integrations):
            if stored.active and not stored.trouble and 0 < stored.valid_until <= soon:
                try:
                    await self.obtain(stored.tenant, stored.id)
                except (ConnectorError, VaultClosed) as error:
                    log.warning(
                        "token not renewed", integration=stored.identifier, error=str(error)
                    )

    async def _renewed(self, tenant: str, id_: str) -> StoredIntegration:
        """The row once its token holds, whoever renewed it."""
        while True:
            now = self.clock()
            stored = await self._read(tenant, id_)
            if not stored.valid_until or now + AHEAD_MS < stored.valid_until:
                return stored
            until = now + RENEWAL_MS
            if await self.database.write(lambda tx, n=now, u=until: begin_renewal(tx, id_, n, u)):  # type: ignore[misc]
                return await self._renew(tenant, id_, until)
            await self.sleep(WAIT_SECONDS)

    async def _read(self, tenant: str, id_: str) -> StoredIntegration:
        try:
            return await self.database.read(lambda tx: get_integration(tx, tenant, id_))
        except NotFound as error:
            raise GiveUp("the integration was removed") from error

    async def _renew(self, tenant: str, id_: str, until: int) -> StoredIntegration:
        """Asks for the token, with the row taken; keeps it, or why there is none."""
        try:
            stored = await self._read(tenant, id_)  # again: the last owner may have just ended
            if stored.valid_until and self.clock() + AHEAD_MS < stored.valid_until:
                return stored
            try:
                token = await self._asked(stored)
            except GiveUp as error:
                if not stored.trouble:
                    await self._tell(replace(stored, trouble=f"token not renewed: {error}"))
                raise
            kept = await self._keep(stored, token)
        finally:
            await self.database.write(lambda tx: end_renewal(tx, id_, until))
        await self.made.load()
        log.info("token renewed", integration=stored.identifier, until=iso(kept.valid_until))
        return kept

    async def _tell(self, stored: StoredIntegration) -> None:
        """Writes down what was found of the token, unless the row was changed meanwhile."""
        changed = replace(stored, updated_at=self.clock())
        with contextlib.suppress(Conflict):
            await self.database.write(lambda tx: update_integration(tx, changed))

    async def _keep(self, stored: StoredIntegration, token: Token) -> StoredIntegration:
        """The row with the token in it, as it is in the store then.

        The old refresh token is used up, so a change that came meanwhile must not cost the new
        one; only where it brought credentials of its own do those count.
        """
        vault = self._vault()
        used = unseal(vault, stored).auth

        async def work(tx: Transaction) -> StoredIntegration:
            latest = await get_integration(tx, stored.tenant, stored.id)
            secrets = unseal(vault, latest)
            if secrets.auth != used:
                return latest
            await update_integration(tx, self._with(latest, secrets, token))
            return await get_integration(tx, stored.tenant, stored.id)

        while True:
            try:
                return await self.database.write(work)
            except Conflict:  # changed between our reading and our writing: read again
                continue
            except NotFound as error:
                raise GiveUp("the integration was removed") from error

    def _vault(self) -> Vault:
        """Raises GiveUp."""
        if self.made.vault is None:
            raise GiveUp("there are no encryption.keys")
        return self.made.vault

    async def _asked(self, stored: StoredIntegration) -> Token:
        """A new token. Raises TryAgain, GiveUp."""
        return await self.exchange(stored, unseal(self._vault(), stored))

    def _with(self, stored: StoredIntegration, secrets: Secrets, token: Token) -> StoredIntegration:
        auth = {
            **secrets.auth,
            "access_token": token.access,
            "refresh_token": token.refresh or secrets.auth.get("refresh_token"),
            "expires_at": iso(token.expires_at) if token.expires_at else None,
            "code": None,
        }
        return replace(
            stored,
            sealed=seal(self._vault(), stored.id, Secrets(auth, secrets.options)),
            valid_until=token.expires_at,
            trouble="",
            updated_at=self.clock(),
        )

    async def exchange(self, stored: StoredIntegration, secrets: Secrets) -> Token:
        """Asks the system for a token. Raises TryAgain, GiveUp."""
        connector = load_connectors().get(stored.type)
        place = connector.oauth if connector else None
        client = self.clients.get(stored.type)
        if place is None and (client is None or not client.token_url):
            raise NotRenewable(f"{stored.type} tokens cannot be renewed; give a new one")
        if client is None:
            raise NotRenewable(f"the configuration has no `oauth` client for {stored.type}")
        ask, redactor = request_of(place, client, stored, secrets)
        reply = await self.http.send(ask, redactor)
        answer = parse_json(ask, reply, redactor)
        return token_of(answer, self.clock(), place.passing if place else frozenset())
