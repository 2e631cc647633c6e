"""What a tenant's admins switch on and off: the Jira of the progress APIs, and writing to it."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.calling import Integration
from bridge.clock import Clock
from bridge.errors import NotFound, RequestRefused
from bridge.principal import Principal
from bridge.registry import Registry
from bridge.store.app_settings import get_setting, put_setting
from bridge.store.audit import add_change
from bridge.store.transaction import Database, Transaction

JIRA = "jira"


@dataclass(frozen=True, slots=True)
class Toggles:
    """enabled: the progress APIs are on. push_enabled: they may write to tickets."""

    enabled: bool
    push_enabled: bool


@dataclass(slots=True)
class JiraSwitches:
    """Reads and sets the toggles of tenants."""

    database: Database
    clock: Clock
    registry: Registry

    async def read(self, tenant: str) -> Toggles:
        """What is switched on. Until an admin says otherwise, whoever has configured a Jira has
        it on, and without one it is off."""
        kept = await self.database.read(lambda tx: get_setting(tx, tenant, JIRA))
        jira = jira_of(self.registry, tenant)
        default = jira is not None or bool(self.registry.trouble_with(tenant, JIRA))
        enabled, push = (kept.get(name, default) for name in ("enabled", "pushEnabled"))
        return Toggles(enabled is True, push is True)

    async def switch(
        self, who: Principal, enabled: bool | None, push_enabled: bool | None, request_id: str
    ) -> Toggles:
        """Switches on or off; None leaves a toggle as it is."""
        now = self.clock()
        given = {"enabled": enabled, "pushEnabled": push_enabled}
        said = {name: value for name, value in given.items() if value is not None}

        async def work(tx: Transaction) -> None:
            kept = await get_setting(tx, who.tenant, JIRA)
            await put_setting(tx, who.tenant, JIRA, {**kept, **said}, now)
            await add_change(tx, who.change(now, "settings.update", JIRA, request_id, **said))

        if said:
            await self.database.write(work)
        return await self.read(who.tenant)

    async def check(self, tenant: str, *, push: bool) -> None:
        """Raises RequestRefused, in the words of document 003."""
        toggles = await self.read(tenant)
        if not toggles.enabled:
            raise RequestRefused("Jira integration is not enabled")
        if push and not toggles.push_enabled:
            raise RequestRefused("Jira push is not enabled")


def jira_of(registry: Registry, tenant: str, name: str = "") -> Integration | None:
    """The Jira of this name, where a ticket was tied with it, though it be switched off: the key
    means something else elsewhere. Where there is none of the name any more, the tenant's first.
    """
    named = registry.get((tenant, name)) if name else None
    if named is not None and named.connector.name == JIRA:
        return named
    try:
        return registry.find(tenant, JIRA)
    except NotFound:
        return None
