"""`bridge reconcile`: what lost webhooks left different, found and healed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import rich_click as click

from bridge.cli.opened import opened
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put_json, put_table, say
from bridge.clock import wall_clock
from bridge.configured import configure, open_vault
from bridge.counting import counted
from bridge.document import did_you_mean
from bridge.engine import make_engine
from bridge.errors import NotFound
from bridge.event import JSON
from bridge.settings import Settings
from bridge.sync.reconcile import Looked

COLUMNS = ("RULE", "LEFT", "RIGHT", "FIELD", "LEFT SAYS", "RIGHT SAYS", "WHAT IS DONE")


@click.command()
@option("--dry-run", of="reconcile", is_flag=True, help="Only say what is different.")
@option("--rule", of="reconcile", default="", help="Only the pairs of this sync rule.")
@option("--anew", of="reconcile", is_flag=True, help="From the start, not where it was broken off.")
@option(
    "--per-minute", of="reconcile", type=click.FloatRange(min=0.1), default=None,
    help="Pairs looked at in a minute; sync.reconcile_pairs_per_minute unless set.",
)  # fmt: skip
@with_config
@with_json
@with_verbose
@click.pass_context
def reconcile(
    ctx: click.Context,
    config: Path,
    as_json: bool,
    dry_run: bool,
    rule: str,
    anew: bool,
    per_minute: float | None,
) -> None:
    """Look at all linked pairs of the sync rules, and heal what is different.

    Also while the server runs: what is found becomes events, which the running bridge carries out
    by the same rules, or the next one that starts. Goes on where the last call was broken off.
    Ends with 1 when a pair could not be looked at.
    """
    settings = settings_of(config)
    found = asyncio.run(_looked(settings, dry_run, rule, anew, per_minute))
    if as_json:
        put_json({"dry_run": dry_run, "pairs": [told(one, dry_run) for one in found]})
    else:
        put_table(COLUMNS, [line for one in found for line in lines(one, dry_run)])
        different = sum(bool(one.differences) for one in found)
        say(f"{counted(len(found), 'pair')} looked at, {different:,} different")
    for one in found:
        if one.trouble:
            say(f"{one.pair.left} and {one.pair.right}: {one.trouble}")
    if any(one.trouble for one in found):
        ctx.exit(1)


async def _looked(
    settings: Settings, dry_run: bool, rule: str, anew: bool, per_minute: float | None
) -> list[Looked]:
    async with opened(settings) as database:
        engine = await make_engine(configure(settings), open_vault(settings), database, wall_clock)
        async with aclosing(engine.http), aclosing(engine.outside):
            known = engine.rules.current.syncs
            if rule and rule not in known:
                hint = did_you_mean(rule, known) or f"there are: {', '.join(known) or 'none'}"
                raise NotFound(f'no sync rule is called "{rule}" ({hint})')
            reconciler = engine.reconciler
            if per_minute is not None:
                reconciler = replace(reconciler, pairs_per_minute=per_minute)
            looked = reconciler.all(dry_run=dry_run, only=rule, anew=anew)
            return [one async for one in looked]


def lines(one: Looked, dry_run: bool) -> list[tuple[str, ...]]:
    """One for each field that is different."""
    pair = one.pair
    return [
        (pair.rule, pair.left, pair.right, field, left, right, done)
        for field, left, right, done in (
            (each.field, each.left, each.right, done_of(one, each.field, dry_run))
            for each in one.differences
        )
    ]


def done_of(one: Looked, field: str, dry_run: bool) -> str:
    each = next(each for each in one.differences if each.field == field)
    if field == "comments":
        what = "carried over"
    elif each.decision.held:
        what = "held for a person"
    elif each.decision.wanted is not None:
        what = "both: " + " / ".join(dict.fromkeys(each.decision.wanted))
    else:
        what = each.decision.reason or "nothing"
    return what if dry_run else f"{what} ({one.event_id or 'asked for before'})"


def told(one: Looked, dry_run: bool) -> JSON:
    differences: list[JSON] = [
        {
            "field": each.field, "left": each.left, "right": each.right,
            "done": done_of(one, each.field, dry_run),
        }
        for each in one.differences
    ]  # fmt: skip
    return {
        "tenant": one.pair.tenant,
        "rule": one.pair.rule,
        "left": one.pair.left,
        "right": one.pair.right,
        "differences": differences,
        "event": one.event_id,
        "trouble": one.trouble,
    }
