"""`bridge rules`: check them, list them, and see why one matched or did not."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from bridge.cli.check import put_problems
from bridge.cli.explanation import explanation_json, put_explanation
from bridge.cli.opened import with_store
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import counted, put, put_json, put_table, say
from bridge.clock import wall_clock
from bridge.configured import Configured, check_rules_alone, configure, read_rules
from bridge.connectors.catalogue import action_shapes
from bridge.errors import BridgeError, Invalid, Problem
from bridge.event import JSON, Event
from bridge.match.explain import explain as explain_event
from bridge.match.rules import RuleSet
from bridge.match.schema import rule_schema
from bridge.rehearse import events_of_sample, stand_in_settings
from bridge.sources.catalogue import load_presets
from bridge.sources.sample import Sample, load_sample
from bridge.sources.source import Source
from bridge.store.events import get_event
from bridge.store.links import find_link
from bridge.store.transaction import Database
from bridge.text.escape import ESCAPES


@click.group()
def rules() -> None:
    """Check, list and explain rules."""


@rules.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@with_config
@with_json
@with_verbose
@click.pass_context
def check(ctx: click.Context, config: Path, as_json: bool, paths: tuple[Path, ...]) -> None:
    """Check the rules, or the rule files and folders at PATHS.

    Where PATHS are given and there is no configuration, the names of sources and integrations
    are not checked.
    """
    problems: list[Problem] = []
    found: RuleSet | None = None
    try:
        if paths and not config.exists():
            found = check_rules_alone(*paths)
        else:
            found = read_rules(configure(settings_of(config)), *paths)
        problems += found.warnings
    except Invalid as invalid:
        problems += invalid.problems
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
def list_(config: Path, as_json: bool) -> None:
    """List the rules in their order."""
    found = read_rules(configure(settings_of(config)))
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
            rule.place,
        )
        for rule in found.rules
    )
    put_table(("RULE", "ON", "SOURCE", "ACTIONS", "", "PLACE"), rows)


@rules.command("schema")
def schema() -> None:
    """Print the JSON Schema of rule files, for editors."""
    put_json(rule_schema(action_shapes()))


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
@with_config
@with_json
@with_verbose
def explain(
    config: Path,
    as_json: bool,
    event_id: str | None,
    sample: Path | None,
    source: str | None,
    every: bool,
) -> None:
    """Say for each rule why it matches an event or does not, with every value on the way."""
    if (event_id is None) == (sample is None):
        raise click.UsageError("give --event ID or --sample DIR")
    configured = configure(settings_of(config))
    found = read_rules(configured)
    if sample is not None:
        read = _events_of(configured, load_sample(sample), source)
        pairs: list[tuple[Event, JSON]] = [(event, None) for event in read]
    else:
        assert event_id is not None
        pairs = [_stored(configured, event_id)]
    now = wall_clock()
    explained: list[JSON] = []
    for event, link in pairs:
        explanations = explain_event(event, found, now, link, ESCAPES)
        if as_json:
            explained.append(explanation_json(event, explanations, every=every))
        else:
            put_explanation(event, explanations, every=every)
    if as_json:
        put_json(explained)


def _events_of(configured: Configured, sample: Sample, name: str | None) -> list[Event]:
    return list(events_of_sample(sample, _source_for(configured, sample, name), wall_clock()))


def _source_for(configured: Configured, sample: Sample, name: str | None) -> Source:
    """The source that is named, or the one whose preset is the sample's, or a stand-in."""
    sources = list(configured.sources.values())
    fits = [
        one for one in sources if (one.name == name if name else one.preset.name == sample.preset)
    ]
    if len(fits) > 1:
        raise BridgeError(
            f"several sources fit: {', '.join(one.name for one in fits)}; give --source"
        )
    if fits:
        return fits[0]
    if name:
        raise BridgeError(f'there is no source "{name}"')
    preset = load_presets(configured.settings.presets.path).get(sample.preset)
    if preset is None:
        raise BridgeError(f"the sample lies in no preset's folder: {sample.preset}; give --source")
    say(f"no source has the preset {sample.preset}; it is read as if one of that name were there")
    return Source(preset, stand_in_settings(sample.preset))


def _stored(configured: Configured, event_id: str) -> tuple[Event, JSON]:
    """A stored event as its source reads it now, and what it is linked to."""

    async def work(database: Database) -> tuple[Event, JSON]:
        stored = await database.read(lambda tx: get_event(tx, event_id))
        source = configured.sources.get((stored.tenant, stored.source))
        if source is None:
            raise BridgeError(f"its source {stored.source} is no longer configured")
        link = await database.read(lambda tx: find_link(tx, stored.tenant, stored.subject))
        return source.normalise(stored), link.as_json() if link else None

    return with_store(configured.settings, work)
