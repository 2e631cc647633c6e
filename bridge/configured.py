"""What a configuration amounts to: sources that can verify, options that were checked, rules.

`bridge check`, the commands about rules and the server all begin here, so that what is checked is
what will run. Opens no connection and no store.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel

from bridge.access.vault import Vault
from bridge.configuration import read_settings
from bridge.connectors.catalogue import action_shapes, load_connectors
from bridge.connectors.contract import Connector
from bridge.document import did_you_mean, in_order
from bridge.errors import Invalid, NotFound, Problem
from bridge.keyring import key_file, load_keys
from bridge.match.fields import Vocabulary, fields_of
from bridge.match.rules import RuleSet, load_rules
from bridge.registry import Offers
from bridge.settings import IntegrationSettings, Settings
from bridge.sources.catalogue import load_presets
from bridge.sources.compiled import Preset
from bridge.sources.source import Source
from bridge.vocabulary import VOCABULARY

Named = tuple[str, str]
"""A tenant and a name in it."""


@dataclass(frozen=True, slots=True)
class Integration:
    """One configured system: its connector, and its options as that connector's own model.

    made_id: of one that an API caller made (`made.py`); empty for those of the configuration.
    """

    settings: IntegrationSettings
    connector: Connector
    options: BaseModel
    made_id: str = ""


@dataclass(frozen=True, slots=True)
class Configured:
    """A configuration in which everything was checked but the rules."""

    settings: Settings
    sources: Mapping[Named, Source]
    integrations: Mapping[Named, Integration]


def configure(settings: Settings) -> Configured:
    """Build the sources and check the integrations. Raises Invalid with all that is wrong."""
    problems: list[Problem] = []
    sources = sources_of(settings, problems)
    integrations = _integrations(settings, problems)
    _check_oauth(settings, problems)
    if problems:
        raise Invalid(problems)
    return Configured(settings, sources, integrations)


NOTHING: Offers = MappingProxyType({})


def no_offers(settings: Settings) -> Offers:
    """For where no store is looked into."""
    del settings
    return NOTHING


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything that is wrong with an installation, and what it amounts to where nothing is.

    configured, rules: None where they have mistakes.
    problems: in the order of their places; warnings too.
    """

    configured: Configured | None
    rules: RuleSet | None
    problems: tuple[Problem, ...]


def examine(
    file: Path, environ: Mapping[str, str], made: Callable[[Settings], Offers] = no_offers
) -> Examined:
    """Check the configuration, its integrations and the rules, however much of it is wrong.

    made: what integrations that API callers made offer to rules.
    """
    found = read_settings(file, environ)
    problems = list(found.problems)
    settings = found.settings
    if settings is None:
        return Examined(None, None, found.problems)
    configured: Configured | None = None
    rules: RuleSet | None = None
    try:
        configured = configure(settings)
    except Invalid as invalid:
        problems += invalid.problems
    try:
        if configured is not None and not found.problems:
            problems += warnings_of(configured)
            rules = read_rules(configured, made=made(settings))
        elif "rules" in found.sound:
            rules = check_rules_alone(*_rule_paths(settings))
    except Invalid as invalid:
        problems += invalid.problems
    problems += rules.warnings if rules else ()
    return Examined(None if found.problems else configured, rules, in_order(problems))


def read_rules(configured: Configured, *paths: Path, made: Offers = NOTHING) -> RuleSet:
    """The rules in force under this configuration, or those at `paths`. Raises Invalid.

    A path that does not exist is a problem; an empty folder is a set without rules.
    made: what integrations that API callers made offer.
    """
    return rules_from(configured, _rule_paths(configured.settings, *paths), made)


def rules_from(
    configured: Configured, files: Mapping[str, str] | Iterable[Path], made: Offers = NOTHING
) -> RuleSet:
    """Rules under this configuration: texts by the names of their files, or paths to read.

    made: as for `read_rules`. Raises Invalid.
    """
    offered: dict[str, frozenset[str]] = dict(made)
    for (_, name), integration in configured.integrations.items():
        actions = integration.connector.offers
        offered[name] = offered.get(name, frozenset()) | actions
    return load_rules(
        files,
        action_shapes(),
        sorted({name for _, name in configured.sources}),
        offered,
        _vocabulary(),
    )


def check_rules_alone(*paths: Path) -> RuleSet:
    """Rules without a configuration: names of sources and integrations are not checked."""
    return load_rules(paths, action_shapes(), None, None, _vocabulary())


def _rule_paths(settings: Settings, *paths: Path) -> tuple[Path, ...]:
    """The given paths, or where the configuration says the rules are. Raises Invalid."""
    chosen = paths or (settings.rules.path,)
    missing = [path for path in chosen if not path.exists()]
    if missing:
        place = settings.place(("rules", "path"))
        raise Invalid([Problem(place, f"there are no rules at {path}") for path in missing])
    return chosen


def find_source(settings: Settings, tenant: str, name: str) -> Source:
    """One source alone, so that it can be used while others have mistakes.

    Raises NotFound, or Invalid when the source itself is wrong.
    """
    here = [each.name for each in settings.sources if each.tenant == tenant]
    for index, each in enumerate(settings.sources):
        if (each.tenant, each.name) == (tenant, name):
            return _source(settings, index, load_presets(settings.presets.path))
    hint = did_you_mean(name, here) or f"configured: {', '.join(here) or 'none'}"
    raise NotFound(f'there is no source "{name}" in the tenant "{tenant}" ({hint})')


def open_vault(settings: Settings) -> Vault | None:
    """What seals in the store; None with PostgreSQL and no keys, where nothing can be sealed.

    Makes the key of an SQLite installation where there is none yet. Raises Invalid.
    """
    file = settings.store.sqlite_file
    if file is None and not settings.encryption.keys:
        return None
    configured = settings.encryption.keys
    again = None if configured else partial(load_keys, (), file)
    return Vault(load_keys(configured, file), again)


def warnings_of(configured: Configured) -> Iterator[Problem]:
    """What works and is still worth a look, each with its place."""
    settings = configured.settings
    for index, source in enumerate(settings.sources):
        path = ("sources", index)
        if source.proof == "none":
            words = f'the source "{source.name}" accepts whatever anyone sends'
            yield _warning(settings, (*path, "proof"), words, "give it a secret")
        elif not source.secrets:
            words = f'the source "{source.name}" has no secret and refuses every delivery'
            yield _warning(settings, path, words, "give it secrets, or write proof: none")
    file = settings.store.sqlite_file
    if file is None and not settings.encryption.keys:
        words = "without encryption.keys no refused delivery is kept and no use of a secret noted"
        yield _warning(settings, ("encryption",), words, "give keys that every node knows")
    key = key_file(file) if file else None
    if key and key.exists() and not settings.encryption.keys:
        mode = stat.S_IMODE(key.stat().st_mode)
        if mode & 0o077:
            words = f"others can read the encryption key {key} (mode {mode:03o})"
            yield _warning(settings, ("encryption",), words, f"chmod 600 {key}")


def _vocabulary() -> Vocabulary:
    return {kind: fields_of(model) for kind, model in VOCABULARY.items()}


def sources_of(settings: Settings, problems: list[Problem]) -> dict[Named, Source]:
    """The sources that are well; what is wrong with the others is added to the problems."""
    sources: dict[Named, Source] = {}
    try:
        presets = load_presets(settings.presets.path)
    except Invalid as invalid:
        problems += invalid.problems
        return sources
    for index, each in enumerate(settings.sources):
        try:
            sources[each.tenant, each.name] = _source(settings, index, presets)
        except Invalid as invalid:
            problems += invalid.problems
    return sources


def _source(settings: Settings, index: int, presets: Mapping[str, Preset]) -> Source:
    chosen = settings.sources[index]
    preset = presets.get(chosen.preset)
    if preset is None:
        hint = did_you_mean(chosen.preset, presets) or f"known: {', '.join(presets)}"
        words = f'there is no preset "{chosen.preset}"'
        raise Invalid([settings.problem(("sources", index, "preset"), words, hint)])
    try:
        return Source(preset, chosen, settings.place(("sources", index)))
    except Invalid as invalid:
        raise Invalid([_at_its_key(settings, index, one) for one in invalid.problems]) from invalid


def _at_its_key(settings: Settings, index: int, problem: Problem) -> Problem:
    """A source does not know where its keys were written: `sources.NAME.KEY` is what it says."""
    key = problem.field.removeprefix(f"sources.{settings.sources[index].name}.")
    return settings.problem(("sources", index, key), problem.message, problem.hint)


def _integrations(settings: Settings, problems: list[Problem]) -> dict[Named, Integration]:
    integrations: dict[Named, Integration] = {}
    connectors = load_connectors()
    for index, each in enumerate(settings.integrations):
        connector = connectors.get(each.type)
        if connector is None:
            hint = did_you_mean(each.type, connectors) or f"known: {', '.join(sorted(connectors))}"
            words = f'there is no connector "{each.type}"'
            problems.append(settings.problem(("integrations", index, "type"), words, hint))
            continue
        try:
            options = settings.check_options(each, connector.settings)
        except Invalid as invalid:
            problems += invalid.problems
        else:
            integrations[each.tenant, each.name] = Integration(each, connector, options)
    return integrations


def _check_oauth(settings: Settings, problems: list[Problem]) -> None:
    """Each entry is of a connector that API callers can make, and the only one of its type."""
    connectors = {name: one for name, one in load_connectors().items() if one.oauth is not None}
    seen: set[str] = set()
    for index, each in enumerate(settings.oauth):
        path = ("oauth", index, "type")
        if each.type not in connectors:
            hint = did_you_mean(each.type, connectors) or f"known: {', '.join(sorted(connectors))}"
            words = f'no tokens are renewed for "{each.type}"'
            problems.append(settings.problem(path, words, hint))
        elif each.type in seen:
            words = f'"{each.type}" has a client already'
            problems.append(settings.problem(path, words, "one entry for each type"))
        seen.add(each.type)


def _warning(settings: Settings, path: tuple[str | int, ...], message: str, hint: str) -> Problem:
    return Problem(settings.place(path), message, "", hint, warning=True)
