"""`bridge quarantine`: deliveries whose proof was refused, to be verified again or let go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from bridge.cli.opened import with_store
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put, put_json, put_table, say
from bridge.clock import iso, wall_clock
from bridge.configured import find_source, open_vault
from bridge.errors import BridgeError, NotFound
from bridge.event import JSON
from bridge.quarantine import PASSED, Examiner, Verified
from bridge.settings import Settings
from bridge.sources.source import Source
from bridge.store.quarantine import Kept, Loss, Why, list_kept, list_lost, release
from bridge.store.transaction import Database

F = TypeVar("F", bound=Callable[..., Any])

COLUMNS = ("RECEIVED", "ID", "TENANT", "SOURCE", "REASON", "MESSAGE", "BYTES", "FROM")
WHY = {
    Why.TOO_LARGE: "too large",
    Why.TOO_FAST: "with too many others at once",
    Why.PUSHED_OUT: "pushed out by newer ones",
    Why.NOT_WRITTEN: "while the store could not be written",
}


@click.group()
def quarantine() -> None:
    """List, verify again and discard refused deliveries."""


def _chosen(command: str) -> Callable[[F], F]:
    """The ids, or a source, of `command`."""

    def with_choice(function: F) -> F:
        given = option(
            "--tenant", of=f"quarantine_{command}", default="", help="Only of this tenant."
        )(function)
        given = option(
            "--source", of=f"quarantine_{command}", default="", help="All of this source."
        )(given)
        return click.argument("ids", nargs=-1)(given)

    return with_choice


@quarantine.command("list")
@option("--source", of="quarantine_list", default="", help="Only deliveries to this source.")
@option("--tenant", of="quarantine_list", default="", help="Only deliveries to this tenant.")
@with_config
@with_json
@with_verbose
def list_(config: Path, as_json: bool, source: str, tenant: str) -> None:
    """List what is in quarantine, oldest first, and how much could not be kept."""

    async def work(database: Database) -> tuple[Sequence[Kept], Sequence[Loss]]:
        kept = await database.read(lambda tx: list_kept(tx, tenant, source))
        return kept, await database.read(lambda tx: list_lost(tx, tenant, source))

    kept, lost = with_store(settings_of(config), work)
    if as_json:
        put_json({"deliveries": [_kept_json(one) for one in kept], "lost": _lost_json(lost)})
        return
    put_table(COLUMNS, (_line(one) for one in kept))
    if not kept:
        say("nothing is in quarantine")
    for one in lost:
        say(f"not kept for {one.source}: {one.times} {WHY[one.why]}, last at {iso(one.last_at)}")


@quarantine.command("verify")
@_chosen("verify")
@with_config
@with_json
@with_verbose
@click.pass_context
def verify(
    ctx: click.Context,
    config: Path,
    as_json: bool,
    ids: tuple[str, ...],
    source: str,
    tenant: str,
) -> None:
    """Verify deliveries again, with the secrets of the present configuration.

    Each is judged as of the time it came. What passes goes to the rules and leaves the quarantine;
    what does not stays, and it is said why. Ends with 1 when there were some and none passed.
    """
    _need_choice(ids, source)
    settings = settings_of(config)
    vault = open_vault(settings)
    if vault is None:
        raise BridgeError("nothing can be opened without encryption.keys")

    async def work(database: Database) -> list[Verified]:
        examiner = Examiner(database, vault, _finder(settings), wall_clock)
        chosen = await _ids(database, ids, source, tenant)
        return [await examiner.verify(each, tenant) for each in chosen]

    verified = with_store(settings, work)
    if as_json:
        put_json([_verified_json(one) for one in verified])
    else:
        for one in verified:
            put(_told(one))
        say(_summed(verified))
    if verified and not any(one.outcome in PASSED for one in verified):
        ctx.exit(1)


@quarantine.command("discard")
@_chosen("discard")
@with_config
@with_json
@with_verbose
@click.pass_context
def discard(
    ctx: click.Context,
    config: Path,
    as_json: bool,
    ids: tuple[str, ...],
    source: str,
    tenant: str,
) -> None:
    """Delete deliveries from the quarantine for good."""
    _need_choice(ids, source)

    async def work(database: Database) -> dict[str, bool]:
        chosen = await _ids(database, ids, source, tenant)
        return {each: await _release(database, each, tenant) for each in chosen}

    gone = with_store(settings_of(config), work)
    if as_json:
        put_json([{"id": each, "discarded": there} for each, there in gone.items()])
    else:
        for each, there in gone.items():
            put(f"{each}: {'discarded' if there else 'is not in quarantine'}")
        if not gone:
            say("nothing of it is in quarantine")
    if gone and not any(gone.values()):
        ctx.exit(1)


def _need_choice(ids: tuple[str, ...], source: str) -> None:
    if bool(ids) == bool(source):
        raise click.UsageError("give ids, or --source")


async def _ids(database: Database, ids: tuple[str, ...], source: str, tenant: str) -> list[str]:
    """Those given, or all of the source, oldest first."""
    if ids:
        return list(dict.fromkeys(ids))
    kept = await database.read(lambda tx: list_kept(tx, tenant, source))
    return [one.id for one in kept]


async def _release(database: Database, kept_id: str, tenant: str) -> bool:
    return await database.write(lambda tx: release(tx, kept_id, tenant))


def _finder(settings: Settings) -> Callable[[str, str], Source]:
    """Builds each source once; the mistakes of others do not matter."""

    @lru_cache
    def find(tenant: str, name: str) -> Source:
        try:
            return find_source(settings, tenant, name)
        except NotFound as error:
            raise NotFound(f"the source {name} is no longer configured") from error

    return find


def _line(kept: Kept) -> tuple[object, ...]:
    return (
        iso(kept.received_at), kept.id, kept.tenant, kept.source, kept.reason, kept.message,
        kept.size, kept.remote,
    )  # fmt: skip


def _told(one: Verified) -> str:
    if one.events:
        return f"{one.id}: {one.outcome}, {' '.join(one.events)}"
    return f"{one.id}: {one.outcome}{', ' + one.reason if one.reason else ''}"


def _summed(verified: list[Verified]) -> str:
    if not verified:
        return "nothing of it is in quarantine"
    counts = Counter(one.outcome.value for one in verified)
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def _kept_json(kept: Kept) -> dict[str, JSON]:
    told = asdict(kept)
    del told["sealed"]
    return {**told, "received_at": iso(kept.received_at)}


def _lost_json(lost: Sequence[Loss]) -> list[JSON]:
    return [{**asdict(one), "why": one.why.value, "last_at": iso(one.last_at)} for one in lost]


def _verified_json(one: Verified) -> dict[str, JSON]:
    return {**asdict(one), "outcome": one.outcome.value, "events": list(one.events)}
