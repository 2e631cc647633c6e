"""Integrations that API callers made: kept sealed, opened, and put among the configured ones.

What a document calls `auth_data`, `scope_data` and `metadata` becomes the settings of a connector
(`settings_of`); what is missing for that is no error of the create, but is told by `trouble_of`,
by the test and by every action that is tried.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog
from pydantic import BaseModel, ValidationError

from bridge import configured
from bridge.access.vault import Vault
from bridge.calling import Integration
from bridge.connectors.catalogue import load_connectors
from bridge.connectors.contract import Connector
from bridge.connectors.http import HttpClient
from bridge.errors import GiveUp, StoreError, VaultClosed
from bridge.event import JSON
from bridge.registry import Broken, Named, Offers, Registry
from bridge.settings import IntegrationSettings
from bridge.store.integrations import StoredIntegration, change_mark, list_integrations
from bridge.store.transaction import Database

LOOK_EVERY_SECONDS = 2.0
"""How soon a node knows what another one changed."""

log = structlog.get_logger("bridge.integrations")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is sealed of an integration.

    auth: the document's `auth_data`. options: further settings of the connector, ours to add.
    """

    auth: Mapping[str, JSON] = field(repr=False)
    options: Mapping[str, JSON] = field(repr=False)


def record_name(id_: str) -> str:
    """What the sealed value is bound to, so that it opens in no other row."""
    return f"integration:{id_}"


def seal(vault: Vault, id_: str, secrets: Secrets) -> bytes:
    text = json.dumps({"auth": dict(secrets.auth), "options": dict(secrets.options)})
    return vault.seal(record_name(id_), text.encode())


def unseal(vault: Vault, stored: StoredIntegration) -> Secrets:
    """Raises VaultClosed, which names the record."""
    value = json.loads(vault.open(record_name(stored.id), stored.sealed))
    return Secrets(value["auth"], value["options"])


def settings_of(connector: Connector, stored: StoredIntegration, secrets: Secrets) -> BaseModel:
    """The connector's settings. Raises GiveUp naming what is missing or does not fit."""
    options: dict[str, JSON] = {}
    token = secrets.auth.get("access_token")
    if token:
        options["auth"] = {"access_token": token}
    for one in connector.scope:
        value = one.value(stored.scope)
        if value is not None:
            options[one.setting] = value
    address = address_of(connector, stored)
    if address and ("base_url" not in options or not _is_own(connector, address)):
        options["base_url"] = address
    options.update(secrets.options)
    try:
        return connector.settings.model_validate(options)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or connector.name}: "
            f"{one['msg'].removeprefix('Value error, ')}{_from(connector, one['loc'])}"
            for one in error.errors(include_input=False, include_url=False)
        )
        raise GiveUp(f"not usable yet: {wrong}") from error


def _from(connector: Connector, place: Sequence[str | int]) -> str:
    """Where a setting comes from, for a caller who knows the document's fields only."""
    setting = place[0] if place else ""
    ways = [f"`{name}` in scope_data" for one in connector.scope if one.setting == setting
            for name in one.fields]  # fmt: skip
    if setting == "auth":
        ways = ["`access_token` in auth_data"]
    if setting == "base_url":
        ways.append("an address in metadata.instance_name")
    return f" (give {', or '.join([*ways, f'`{setting}` in options'])})" if setting else ""


def address_of(connector: Connector, stored: StoredIntegration) -> str:
    """The instance's address, where its name is one and the connector takes one."""
    name = stored.metadata.get("instance_name")
    takes = "base_url" in connector.settings.model_fields
    is_one = isinstance(name, str) and name.lower().startswith(("https://", "http://"))
    return str(name) if takes and is_one else ""


def _is_own(connector: Connector, address: str) -> bool:
    """Whether the vendor runs it for everybody."""
    host = urlsplit(address).hostname or ""
    return host.endswith(connector.own_hosts) if connector.own_hosts else False


class MadeIntegrations:
    """Opens what is in the table, and opens it anew whenever that changes.

    http: guarded, because the addresses are callers'. vault: None where nothing can be sealed.
    on_change: told after the registry was filled again, so that rules can be checked again.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault | None,
        http: HttpClient,
        registry: Registry,
        on_change: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.database = database
        self.vault = vault
        self.on_change = on_change
        self._http = http
        self._registry = registry
        self._mark = (0, 0, "")
        self._offers: Offers = {}
        self._rows: dict[Named, StoredIntegration] = {}
        self._problems: dict[str, str] = {}

    @property
    def offers(self) -> Offers:
        """What rules may use of them, by name."""
        return self._offers

    async def load(self) -> None:
        """Reads the table and fills the registry."""
        self._mark = await self.database.read(change_mark)
        found = await self.database.read(list_integrations)
        self._rows = named(found)
        self._problems = {}
        opened = {one.id: self._opened(one) for one in found}
        usable = ((name, opened[row.id]) for name, row in self._rows.items())
        self._registry.take(
            ((name, one) for name, one in usable if one is not None), self._broken(found)
        )
        offers = offers_of(found)
        changed = offers != self._offers
        self._offers = offers
        if changed and self.on_change is not None:
            await self.on_change()

    def _broken(self, found: Sequence[StoredIntegration]) -> Iterator[tuple[Named, Broken]]:
        """Those that cannot be used, by their names and their ids."""
        names = [*self._rows.items(), *(((one.tenant, one.id), one) for one in found)]
        for named_, row in names:
            if row.id in self._problems:
                yield named_, Broken(row.type, self._problems[row.id])

    async def watch(self) -> None:
        """Takes up what other nodes change, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                if await self.database.read(change_mark) != self._mark:
                    await self.load()
            except StoreError as error:
                log.warning("integrations not read", error=str(error))

    def _opened(self, stored: StoredIntegration) -> Integration | None:
        """The integration with a client; None, and a line in the log, where it is not usable."""
        try:
            return self.open(stored)
        except (GiveUp, VaultClosed) as error:
            self._problems[stored.id] = str(error)
            log.warning("integration not usable", integration=stored.identifier, error=str(error))
            return None

    def of(self, tenant: str) -> Sequence[tuple[StoredIntegration, str]]:
        """A tenant's, oldest first, with why each cannot be used as it stands; as last loaded."""
        rows = {one.id: one for (owner, _), one in self._rows.items() if owner == tenant}
        return [(one, self._problems.get(id_, one.trouble)) for id_, one in sorted(rows.items())]

    def open(self, stored: StoredIntegration) -> Integration:
        """Raises GiveUp with what is missing, VaultClosed."""
        known = as_configured(self.vault, stored)
        return Integration(
            stored.identifier, stored.tenant, known.connector,
            known.connector.open(known.options, self._http),
            stored.active, stored.id, stored.name, stored.valid_until, stored.version,
        )  # fmt: skip

    def find(self, tenant: str, name: str) -> configured.Integration | None:
        """As the configuration would have it. None for no such name; raises as `open` does."""
        row = self._rows.get((tenant, name))
        return as_configured(self.vault, row) if row else None

    def trouble_of(self, stored: StoredIntegration) -> str:
        """Why it cannot be used as it stands; empty when it can."""
        try:
            self.open(stored)
        except (GiveUp, VaultClosed) as error:
            return str(error)
        return stored.trouble


def as_configured(vault: Vault | None, stored: StoredIntegration) -> configured.Integration:
    """What a row is, as if the configuration named it.

    Raises GiveUp with what is missing, VaultClosed.
    """
    if vault is None:
        raise VaultClosed(f"{record_name(stored.id)}: there are no encryption.keys")
    secrets = unseal(vault, stored)
    connector = load_connectors().get(stored.type)
    if connector is None:
        raise GiveUp(f"there is no connector for {stored.type}")
    own = IntegrationSettings.model_construct(
        name=stored.identifier, type=stored.type, tenant=stored.tenant, enabled=stored.active
    )
    options = settings_of(connector, stored, secrets)
    return configured.Integration(own, connector, options, stored.id)


def named(found: Sequence[StoredIntegration]) -> dict[Named, StoredIntegration]:
    """By identifier; and by name too, where only one of the tenant has it."""
    titles = Counter((one.tenant, one.name) for one in found)
    by_title = {(one.tenant, one.name): one for one in found if titles[one.tenant, one.name] == 1}
    return {**by_title, **{(one.tenant, one.identifier): one for one in found}}


def offers_of(found: Sequence[StoredIntegration]) -> Offers:
    """What rules may use, by identifier and by name; whether it is usable is seen when it acts."""
    offers: dict[str, frozenset[str]] = {}
    connectors = load_connectors()
    for one in found:
        connector = connectors.get(one.type)
        if connector is None:
            continue
        actions = connector.offers
        for name in {one.identifier, one.name}:
            offers[name] = offers.get(name, frozenset()) | actions
    return offers
