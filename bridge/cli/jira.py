"""`bridge jira`: the webhooks that Jira sends us, registered with Jira itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import rich_click as click

from bridge.cli.integrations import known
from bridge.cli.made import look_at_made
from bridge.cli.opened import opened_or_made
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put_json, put_table, say
from bridge.clock import iso, wall_clock
from bridge.configured import Integration, find_source
from bridge.connectors.guard import Guard
from bridge.connectors.http import HttpClient
from bridge.connectors.jira.client import Jira
from bridge.connectors.jira.webhooks import EVENTS, Kind, Webhook
from bridge.connectors.redact import Redactor
from bridge.document import did_you_mean
from bridge.errors import GiveUp, NotFound
from bridge.event import JSON
from bridge.settings import Settings, SourceSettings
from bridge.subscriptions import Arranged, Asked, Subscriber, Subscriptions

COLUMNS = ("SOURCE", "KIND", "ID", "EVENTS", "FILTER", "ENDS", "STATE")

T = TypeVar("T")

_source = click.argument("source")
_tenant = option("--tenant", of="jira", default="default", show_default=True, help="The source's.")
_integration = option(
    "--integration", of="jira", default="",
    help="The Jira that sends. Without it: the source's `integration`.",
)  # fmt: skip
_dry = option("--dry-run", "dry", of="jira", is_flag=True, help="Say what would be done, only.")
_url = option("--url", of="jira", default="", help="The source's address, as Jira reaches it.")


@click.group()
def jira() -> None:
    """Register webhooks with Jira, list, refresh and remove them."""


@jira.command("subscribe")
@_source
@_tenant
@_integration
@option(
    "--kind", of="jira", type=click.Choice(["auto", *(kind.value for kind in Kind)]),
    default="auto", show_default=True,
    help="admin: of the site, by an administrator. dynamic: of an OAuth app, for 30 days.",
)  # fmt: skip
@option(
    "--event", "events", of="jira", multiple=True, default=EVENTS, show_default=True,
    help="What to be told of; may be given several times.",
)  # fmt: skip
@option("--jql", of="jira", help="Which issues. Without it: those of the integration's project.")
@option("--new-secret", "anew", of="jira", is_flag=True, help="Give Jira the first secret again.")
@_url
@_dry
@with_config
@with_json
@with_verbose
def subscribe(
    config: Path,
    as_json: bool,
    source: str,
    tenant: str,
    integration: str,
    kind: str,
    events: tuple[str, ...],
    jql: str | None,
    anew: bool,
    url: str,
    dry: bool,
) -> None:
    """Register the webhook of SOURCE with its secret; a second time finds the first."""
    asked = Asked(None if kind == "auto" else Kind(kind), events, jql, anew)
    done = _run(
        settings_of(config), (tenant, source, integration, url), dry,
        lambda subscriptions, who: subscriptions.subscribe(who, asked),
    )  # fmt: skip
    _put(source, [done], as_json=as_json, dry=dry)
    for event in done.events:
        if event not in EVENTS:
            hint = did_you_mean(event, EVENTS)
            say(f'note: "{event}" has no type of ours and comes as Jira names it. {hint}'.rstrip())


@jira.command("list")
@_source
@_tenant
@_integration
@_url
@with_config
@with_json
@with_verbose
def list_(
    config: Path, as_json: bool, source: str, tenant: str, integration: str, url: str
) -> None:
    """List what Jira sends to SOURCE, as Jira itself tells."""
    named = (tenant, source, integration, url)
    found, troubles = _run(settings_of(config), named, True, _listed)
    told: list[JSON] = [
        _told(
            source, one.kind, one.id, one.events, one.jql, one.expires_at,
            troubles.get(one.id) or ("on" if one.enabled else "off"),
        )
        for one in found
    ]  # fmt: skip
    _show(told, as_json=as_json)
    if not told:
        say(f"Jira sends nothing to {source}; `bridge jira subscribe {source}` arranges it")


@jira.command("refresh")
@_source
@_tenant
@_integration
@_url
@_dry
@with_config
@with_json
@with_verbose
def refresh(
    config: Path, as_json: bool, source: str, tenant: str, integration: str, url: str, dry: bool
) -> None:
    """Let the dynamic webhooks of SOURCE hold for another 30 days; the server does so by itself."""
    named = (tenant, source, integration, url)
    done = _run(settings_of(config), named, dry, Subscriptions.refresh)
    _put(source, done, as_json=as_json, dry=dry)
    if not done:
        say(f"{source} has no webhook that ends")


@jira.command("remove")
@_source
@_tenant
@_integration
@_url
@_dry
@with_config
@with_json
@with_verbose
def remove(
    config: Path, as_json: bool, source: str, tenant: str, integration: str, url: str, dry: bool
) -> None:
    """Take the webhooks of SOURCE away from Jira; those of others stay."""
    named = (tenant, source, integration, url)
    done = _run(settings_of(config), named, dry, Subscriptions.remove)
    _put(source, done, as_json=as_json, dry=dry)
    if not done:
        say(f"Jira sends nothing to {source}")


async def _listed(
    subscriptions: Subscriptions, who: Subscriber
) -> tuple[Sequence[Webhook], dict[str, str]]:
    """What Jira has, and why it could not be refreshed when the server last tried, by number."""
    kept = await subscriptions.kept(who)
    return await subscriptions.list(who), {one.id: one.trouble for one in kept if one.trouble}


def _run(
    settings: Settings,
    named: tuple[str, str, str, str],
    dry: bool,
    work: Callable[[Subscriptions, Subscriber], Awaitable[T]],
) -> T:
    """named: tenant, source, integration and address; the last two may be empty."""

    async def run() -> T:
        async with opened_or_made(settings) as database, _subscriber(settings, *named) as who:
            return await work(Subscriptions(settings, database, wall_clock, dry), who)

    return asyncio.run(run())


@asynccontextmanager
async def _subscriber(
    settings: Settings, tenant: str, name: str, integration: str, url: str
) -> AsyncIterator[Subscriber]:
    """The source with the Jira behind it, opened. Raises NotFound, GiveUp."""
    source = find_source(settings, tenant, name).settings
    wanted = integration or source.integration or ""
    if not wanted:
        raise GiveUp(
            f'the source "{name}" names no `integration`: write there which Jira it is of, '
            "or give --integration"
        )
    address = url.rstrip("/") or _address(settings, source)
    found, guard = await _find(settings, tenant, wanted)
    async with aclosing(HttpClient(wall_clock, guard=guard)) as http:
        client = found.connector.open(found.options, http)
        if not isinstance(client, Jira):
            raise GiveUp(f'the integration "{wanted}" is of type {found.connector.name}, not jira')
        yield Subscriber(source, wanted, _discreet(client, source), address)


def _discreet(jira: Jira, source: SourceSettings) -> Jira:
    """The client, so that no complaint of Jira's repeats the source's secrets."""
    secrets = [one.get_secret_value() for one in source.secrets]
    redactor = Redactor((*jira.settings.auth.secrets(), *secrets))
    return Jira(jira.settings, replace(jira.site, redactor=redactor))


async def _find(settings: Settings, tenant: str, name: str) -> tuple[Integration, Guard | None]:
    """The integration of this name, and what guards the addresses of one that a caller made."""
    for one in known(settings):
        if (one.settings.tenant, one.settings.name) == (tenant, name):
            return one, None
    for made in await look_at_made(settings, renew=True):
        if made.stored.tenant == tenant and made.stored.identifier == name:
            if made.known is None:
                raise GiveUp(f'the integration "{name}" cannot be used: {made.trouble}')
            return made.known, Guard(settings.server.allowed_hosts)
    raise NotFound(f'there is no integration "{name}" in the tenant "{tenant}"')


def _address(settings: Settings, source: SourceSettings) -> str:
    if settings.server.public_url is None:
        words = "server.public_url is not set, so that nobody knows where Jira sends to"
        raise GiveUp(f"{words}; set it, or give --url")
    place = "" if source.tenant == "default" else f"/t/{source.tenant}"
    return f"{settings.public_url}{place}/hooks/{source.name}"


def _put(source: str, done: Sequence[Arranged], *, as_json: bool, dry: bool) -> None:
    told: list[JSON] = [
        _told(
            source, one.kind, one.id, one.events, one.jql, one.expires_at,
            f"would be {one.change}" if dry and one.change != "there" else one.change,
        )
        for one in done
    ]  # fmt: skip
    _show(told, as_json=as_json)


def _told(
    source: str, kind: Kind, id_: str, events: Sequence[str], jql: str, until: int, state: str
) -> JSON:
    """A webhook as JSON. Its address is not told: it may hold the secret."""
    return {
        "source": source,
        "kind": kind.value,
        "id": id_,
        "events": list(events),
        "filter": jql,
        "ends": iso(until) if until else "",
        "state": state,
    }


def _show(told: Sequence[JSON], *, as_json: bool) -> None:
    if as_json:
        put_json([*told])
        return
    put_table(COLUMNS, (_line(one) for one in told))


def _line(told: JSON) -> list[JSON]:
    assert isinstance(told, dict)
    events = told["events"]
    assert isinstance(events, list)
    words = {**told, "events": ", ".join(map(str, events)), "ends": told["ends"] or "never"}
    return [words[column.lower()] for column in COLUMNS]
