"""`bridge rules`: check them, list them, and see why one matched or did not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from bridge.cli.backtest import backtest
from bridge.cli.check import put_problems
from bridge.cli.explanation import put_explanation
from bridge.cli.made import made_finder
from bridge.cli.opened import with_store
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import from_here, plain, put, put_json, put_table, say
from bridge.cli.rule_tests import test
from bridge.cli.ruleset import counts_of, rules_of
from bridge.clock import wall_clock
from bridge.configured import Configured
from bridge.connectors.catalogue import action_shapes
from bridge.counting import counted
from bridge.errors import Invalid, Problem
from bridge.event import Event
from bridge.match.rules import RuleSet
from bridge.match.schema import Known, rule_schema
from bridge.rehearse import events_of_sample, source_for
from bridge.sources.sample import load_sample
from bridge.store.transaction import Database
from bridge.vocabulary import VOCABULARY
from bridge.workbench.explained import ExplainedEvent, Explainer, explained_json
from bridge.workbench.requests import nothing_made


@click.group()
def rules() -> None:
    """Check, list, explain, test and back-test rules."""


rules.add_command(test)
rules.add_command(backtest)


@rules.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@with_config
@with_json
@with_verbose
@click.pass_context
def check(ctx: click.Context, config: Path, as_json: bool, paths: tuple[Path, ...]) -> None:
    """Check the rules, or the rule files and folders at PATHS.

    Where there is no configuration, the names of sources and integrations are not checked.
    """
    problems: tuple[Problem, ...] = ()
    found: RuleSet | None = None
    try:
        _, found = rules_of(ctx, config, *paths)
        problems = found.warnings
    except Invalid as invalid:
        problems = invalid.problems
    put_problems(problems, as_json=as_json)
    if found is None:
        ctx.exit(1)
    if not as_json:
        count = len(found.rules)
        put(f"{counted(count, 'rule')} {'is' if count == 1 else 'are'} good")


@rules.command("list")
@with_config
@with_json
@with_verbose
@click.pass_context
def list_(ctx: click.Context, config: Path, as_json: bool) -> None:
    """List the rules in their order, with how often each matched, and its errors."""
    configured, found = rules_of(ctx, config)
    counts = counts_of(configured.settings)
    if as_json:
        put_json(
            [
                {
                    "name": rule.name,
                    "description": rule.description,
                    "enabled": rule.enabled,
                    "on": list(rule.on),
                    "source": list(rule.source),
                    "actions": [step.action for step in rule.steps],
                    "place": str(rule.place),
                    "matched": counts[rule.name].matched,
                    "errors": counts[rule.name].errors,
                    "last_error": counts[rule.name].last_error,
                }
                for rule in found.rules
            ]
        )
        return
    rows = (
        (
            rule.name,
            ", ".join(rule.on),
            ", ".join(rule.source) or "any",
            ", ".join(step.action for step in rule.steps),
            "" if rule.enabled else "disabled",
            counts[rule.name].matched,
            counts[rule.name].errors,
            from_here(rule.place),
        )
        for rule in found.rules
    )
    put_table(("RULE", "ON", "SOURCE", "ACTIONS", "", "MATCHED", "ERRORS", "PLACE"), rows)
    for rule in found.rules:
        if counts[rule.name].last_error:
            say(f"{rule.name}: the last error was {plain(counts[rule.name].last_error)}")


@rules.command("schema")
@with_config
@with_verbose
def schema(config: Path) -> None:
    """Print the JSON Schema of rule files, for editors.

    A comment `# yaml-language-server: $schema=FILE` in a rule file makes editors complete and
    check it. With a configuration, its sources and integrations are offered too.
    """
    known = Known(types=tuple(VOCABULARY))
    if config.exists():
        settings = settings_of(config)
        known = Known(
            tuple(VOCABULARY),
            tuple(dict.fromkeys(one.name for one in settings.sources)),
            tuple(dict.fromkeys(one.name for one in settings.integrations)),
        )
    put_json(rule_schema(action_shapes(), known))


@rules.command("explain")
@option("--event", "event_id", of="explain", help="The id of a stored event.")
@option(
    "--sample", of="explain", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder of a recorded request.",
)  # fmt: skip
@option(
    "--source", of="explain", help="Whose request the sample is, where its preset fits several."
)
@option("--all", "every", of="explain", is_flag=True, help="Also the rules that were not asked.")
@option(
    "--ask", of="explain", is_flag=True,
    help="Ask the other systems what a request depends on; nothing is changed there.",
)  # fmt: skip
@with_config
@with_json
@with_verbose
@click.pass_context
def explain(
    ctx: click.Context,
    config: Path,
    as_json: bool,
    event_id: str | None,
    sample: Path | None,
    source: str | None,
    every: bool,
    ask: bool,
) -> None:
    """Say for each rule why it matches an event or does not, and what it does then.

    Shown are every value on the way, the requests that would go out, without secrets, and what
    the guards would say by what is in the store now. Nothing is written, and nothing is sent but
    what --ask asks.
    """
    if (event_id is None) == (sample is None):
        raise click.UsageError("give --event ID or --sample DIR")
    configured, found = rules_of(ctx, config)

    async def work(database: Database | None) -> list[ExplainedEvent]:
        made = await made_finder(configured.settings, database) if database else nothing_made
        explainer = Explainer(configured, found, wall_clock, database, ask, made)
        if event_id is not None:
            return [await explainer.explain_stored(event_id)]
        assert sample is not None
        events = _read_sample(configured, sample, source or "")
        return [await explainer.explain(event) for event in events]

    file = configured.settings.store.sqlite_file
    if event_id is None and file is not None and not file.exists():
        explained = asyncio.run(work(None))
    else:
        explained = with_store(configured.settings, work)
    if as_json:
        put_json([explained_json(one, every=every) for one in explained])
        return
    for one in explained:
        put_explanation(one, every=every)


def _read_sample(configured: Configured, folder: Path, source: str) -> Sequence[Event]:
    recorded = load_sample(folder)
    reader = source_for(configured, recorded, source)
    if (reader.tenant, reader.name) not in configured.sources:
        say(f"no source has the preset {recorded.preset}; it is read as if there were one")
    return events_of_sample(recorded, reader, wall_clock())
