"""The rules that a command works on, and what became of them so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import rich_click as click
from click.core import ParameterSource

from bridge.cli.check import every_mistake
from bridge.cli.made import made_offers
from bridge.cli.opened import with_store
from bridge.cli.options import settings_of
from bridge.cli.output import say
from bridge.configured import Configured, check_rules_alone, configure, read_rules
from bridge.errors import NotFound
from bridge.match.rules import RuleSet
from bridge.settings import Settings
from bridge.store.rule_counts import RuleCount, total_rule_counts


def rules_of(ctx: click.Context, config: Path, *paths: Path) -> tuple[Configured, RuleSet]:
    """The configuration and its rules, or those at `paths`. Raises Invalid.

    Where there is no configuration and none was named, the rules here are read on their own, so
    that a folder of rules can be looked at before anything is installed.
    """
    named = ctx.get_parameter_source("config") is not ParameterSource.DEFAULT
    if named or config.exists():
        with every_mistake(config):
            configured = configure(settings_of(config))
        return configured, read_rules(configured, *paths, made=made_offers(configured.settings))
    configured = configure(Settings())
    chosen = paths or (configured.settings.rules.path,)
    if not all(path.exists() for path in chosen):
        raise NotFound(f"there is no {config} here, and no folder {chosen[0]}")
    say(f"there is no {config} here; names of sources and integrations are not checked")
    return configured, check_rules_alone(*chosen)


def counts_of(settings: Settings) -> Mapping[str, RuleCount]:
    """What became of each rule so far, in all tenants; zeros where nothing did."""
    counts: dict[str, RuleCount] = defaultdict(lambda: RuleCount("", 0, 0, None, None, ""))
    file = settings.store.sqlite_file
    if file is None or file.exists():
        counts.update(with_store(settings, lambda database: database.read(total_rule_counts)))
    return counts
