"""Loads rule files: reads, checks and compiles all of them, or says everything that is wrong."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bridge.action import ActionShape
from bridge.document import Document, did_you_mean, load, nearest, read
from bridge.errors import Invalid, Place, Problem
from bridge.event import JSON
from bridge.match.cases import Entry, RuleTest, read_tests
from bridge.match.fields import Fields, Vocabulary
from bridge.match.index import Index
from bridge.match.rule import Rule, ThrottleRule, fits, is_glob
from bridge.match.rulefile import RuleEntry, RuleFile, SyncEntry, TestEntry, duration_ms
from bridge.match.scope import GUARD_NAMES, Scope, kinds_for
from bridge.match.sync_rules import compile_sync
from bridge.match.syncs import SyncRule
from bridge.match.then import Catalogue, compile_steps
from bridge.misfits import misfits

THEN_NAMES = GUARD_NAMES | {"steps"}
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules in force together.

    version: the same for the same files, and for no others.
    warnings: what was found odd at load and does not stop it.
    """

    version: str
    rules: tuple[Rule, ...]
    tests: tuple[RuleTest, ...] = ()
    warnings: tuple[Problem, ...] = ()
    syncs: Mapping[str, SyncRule] = field(default_factory=dict)
    index: Index = field(default_factory=lambda: Index(()), compare=False, repr=False)
    by_name: Mapping[str, Rule] = field(default_factory=dict, compare=False, repr=False)


def load_rules(
    files: Mapping[str, str] | Iterable[Path],
    catalogue: Mapping[str, ActionShape],
    sources: Collection[str] | None,
    integrations: Mapping[str, frozenset[str]] | None,
    vocabulary: Vocabulary | None = None,
) -> RuleSet:
    """Everything compiled and checked, or Invalid with all problems of all files.

    files: texts by the name that problems carry; or paths of files and folders to read.
    sources: names of the configured sources; None checks no `source`.
    integrations: for each configured integration the actions it offers; None checks no `in`.
    vocabulary: for each event type what its `data` has; without it no field is checked.
    """
    loader = _Loader(Catalogue(catalogue, integrations), sources, vocabulary or {})
    texts = files if isinstance(files, Mapping) else read_files(files, loader.problems)
    with _without_collections():
        for name, text in texts.items():
            loader.take(name, text)
        tests = read_tests(loader.tests, loader.rules, loader.problems)
    order = {name: position for position, name in enumerate(texts)}
    found = sorted(loader.problems, key=lambda one: _in_text(one, order))
    if any(not problem.warning for problem in found):
        raise Invalid(found)
    rules = tuple(loader.rules)
    return RuleSet(
        _version(texts),
        rules,
        tests,
        tuple(found),
        {one.name: one for one in loader.syncs},
        Index(rules),
        {rule.name: rule for rule in rules},
    )


def read_files(paths: Iterable[Path], problems: list[Problem]) -> dict[str, str]:
    """The texts of rule files, and of every rule file in the folders, in the order of names.

    What cannot be read is added to the problems.
    """
    texts: dict[str, str] = {}
    for path in paths:
        found = sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES and one.is_file())
        for file in found if path.is_dir() else [path]:
            try:
                texts[str(file)] = read(file)
            except Invalid as error:
                problems += error.problems
    return texts


def _in_text(problem: Problem, order: Mapping[str, int]) -> tuple[int, int, int]:
    place = problem.place
    return order.get(place.file, -1), place.line, place.column


@contextmanager
def _without_collections() -> Iterator[None]:
    """Pauses the garbage collector: nothing made while loading is garbage, and looking through a
    million new objects again and again took as long as the loading itself."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _version(texts: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        for part in (name, text):
            raw = part.encode(errors="surrogatepass")
            digest.update(len(raw).to_bytes(8) + raw)
    return digest.hexdigest()[:16]


class _Loader:
    """Takes one file after the other and keeps what is right and what is wrong."""

    def __init__(
        self, catalogue: Catalogue, sources: Collection[str] | None, vocabulary: Vocabulary
    ) -> None:
        self.catalogue = catalogue
        self.sources = sources
        self.vocabulary = vocabulary
        self.families = {kind.split(".")[0] for kind in vocabulary}
        self.rules: list[Rule] = []
        self.syncs: list[SyncRule] = []
        self.tests: list[Entry] = []
        self.problems: list[Problem] = []
        self.places: dict[str, Place] = {}
        self._kinds: dict[tuple[str, ...], list[Fields]] = {}
        self._known_good: set[object] = set()

    def take(self, name: str, text: str) -> None:
        try:
            document = load(text, name)
        except Invalid as error:
            self.problems += error.problems
            return
        if document.value is None:
            return
        try:
            file = RuleFile.model_validate(document.value)
        except ValidationError as error:
            self.problems += misfits(RuleFile, document, (), error)
            file = _what_is_left(document.value)
        variables = dict(file.vars)
        for index, entry in enumerate(file.rules):
            self._rule(document, index, entry, variables)
        for index, sync in enumerate(file.sync):
            self._sync(document, index, sync)
        self.tests += [(document, index, one) for index, one in enumerate(file.tests)]

    def _rule(
        self, document: Document, index: int, entry: RuleEntry, variables: dict[str, JSON]
    ) -> None:
        path = ("rules", index)
        on = (entry.on,) if isinstance(entry.on, str) else tuple(entry.on)
        source = (entry.source,) if isinstance(entry.source, str) else tuple(entry.source or ())
        self._name(document, path, entry.name)
        self._check_types(document, (*path, "on"), on)
        self._check_sources(document, (*path, "source"), source)
        scope = Scope(document, variables, self._kinds_of(on), self.problems)
        scope.known_good = self._known_good
        names = GUARD_NAMES
        when = None
        if entry.when is not None:
            when = scope.condition(entry.when, (*path, "when"), names)
        each = None
        if entry.each is not None:
            each = scope.compile(entry.each, (*path, "each"), names)
            if each is not None and not each.gives.startswith(("LIST", "DYN")):
                words = f"this gives {each.gives.lower()}; `each` must give a list"
                self.problems.append(document.problem((*path, "each"), words))
            scope.each = each.reading.gives if each else None
            names |= {"each"}
        once = None
        if entry.once_per is not None:
            once = scope.compile(entry.once_per, (*path, "once_per"), names)
        throttle = self._throttle(scope, (*path, "throttle"), entry, names)
        grouped = {"group"} if throttle and throttle.over == "group" else set()
        then_names = THEN_NAMES | names | grouped
        steps = compile_steps(entry.then, (*path, "then"), scope, then_names, self.catalogue)
        place = document.place((*path, "name"))
        guards = (when, each, once, throttle.by if throttle else None)
        in_lane = any("link" in guard.names for guard in guards if guard is not None)
        self.rules.append(
            Rule(
                len(self.rules), entry.name, place, entry.description, entry.enabled, on, source,
                when, each, once, throttle, entry.on_failure, steps, variables, in_lane,
            )
        )  # fmt: skip

    def _sync(self, document: Document, index: int, entry: SyncEntry) -> None:
        path = ("sync", index)
        self._name(document, path, entry.name)
        known = self.catalogue.integrations
        sync, rule = compile_sync(document, path, entry, len(self.rules), known, self.problems)
        self.syncs.append(sync)
        self.rules.append(rule)

    def _throttle(
        self, scope: Scope, path: tuple[str | int, ...], entry: RuleEntry, names: frozenset[str]
    ) -> ThrottleRule | None:
        if entry.throttle is None:
            return None
        given = entry.throttle
        by = None if given.by is None else scope.compile(given.by, (*path, "by"), names)
        return ThrottleRule(given.at_most, duration_ms(given.per), by, given.over)

    def _name(self, document: Document, path: tuple[str | int, ...], name: str) -> None:
        place = document.place((*path, "name"))
        first = self.places.setdefault(name, place)
        if first != place and name:
            words = f'two rules are called "{name}"; the other stands at {first}'
            self.problems.append(document.problem((*path, "name"), words))

    def _kinds_of(self, on: tuple[str, ...]) -> list[Fields]:
        if on not in self._kinds:
            self._kinds[on] = kinds_for(on, self.vocabulary)
        return self._kinds[on]

    def _check_types(
        self, document: Document, path: tuple[str | int, ...], on: tuple[str, ...]
    ) -> None:
        """The vocabulary's families are ours: what is not in them there is a mistake. Other types
        may be a sender's own."""
        for index, pattern in enumerate(on if self.vocabulary else ()):
            if any(fits((pattern,), kind) for kind in self.vocabulary):
                continue
            ours = pattern.split(".")[0] in self.families
            what = "pattern means" if is_glob(pattern) else "type is"
            words = f'the {what} none of the vocabulary: "{pattern}"'
            hint = did_you_mean(pattern, self.vocabulary)
            if not ours and not hint:
                hint = "right only where a sender has types of its own"
            self._note(
                document, path, index, Problem(document.place(()), words, "", hint, not ours)
            )

    def _check_sources(
        self, document: Document, path: tuple[str | int, ...], patterns: tuple[str, ...]
    ) -> None:
        """A name near one that is configured is misspelt. Any other may be a sender's that is not
        configured here, or no longer: its rules wait, and must not keep the others from loading."""
        known = self.sources
        for index, pattern in enumerate(patterns if known is not None else ()):
            if known is None or any(fits((pattern,), source) for source in known):
                continue
            what = "no source fits" if is_glob(pattern) else "no source is called"
            near = nearest(pattern, known)
            hint = f"known: {', '.join(sorted(known))}" if known else ""
            problem = Problem(
                document.place(()), f'{what} "{pattern}"', "",
                did_you_mean(pattern, known) or hint, not near, (near,) if near else tuple(known),
            )  # fmt: skip
            self._note(document, path, index, problem)

    def _note(
        self, document: Document, path: tuple[str | int, ...], index: int, problem: Problem
    ) -> None:
        """Adds a problem of one entry of what may be a list or a single text."""
        at = (*path, index) if isinstance(document.value_at(path), list) else path
        placed = document.problem(at, "")
        self.problems.append(replace(problem, place=placed.place, field=placed.field))


def _what_is_left(value: Any) -> RuleFile:
    """The parts of a file with mistakes that can be checked all the same, so that all show."""
    raw = value if isinstance(value, dict) else {}
    variables, listed, tests = raw.get("vars"), raw.get("rules"), raw.get("tests")
    return RuleFile.model_construct(
        version=1,
        vars=variables if isinstance(variables, dict) else {},
        sync=_syncs_left(raw.get("sync")),
        rules=[_rule_left(one) for one in listed] if isinstance(listed, list) else [],
        tests=_tests_left(tests if isinstance(tests, list) else []),
    )


def _syncs_left(listed: Any) -> list[SyncEntry]:
    found = []
    for one in listed if isinstance(listed, list) else []:
        try:
            found.append(SyncEntry.model_validate(one))
        except ValidationError:
            continue
    return found


def _tests_left(listed: list[Any]) -> list[TestEntry]:
    try:
        return [TestEntry.model_validate(one) for one in listed]
    except ValidationError:
        return []


def _rule_left(raw: Any) -> RuleEntry:
    given = raw if isinstance(raw, dict) else {}
    try:
        return RuleEntry.model_validate(given)
    except ValidationError as error:
        wrong = {detail["loc"][0] for detail in error.errors(include_url=False)}
    usable = {key: item for key, item in given.items() if key not in wrong}
    repaired = {"name": "", "on": "*", **usable, "then": usable.get("then") or [{"": None}]}
    if not usable.get("name"):
        repaired["name"] = "-"
    entry = RuleEntry.model_validate(repaired)
    return entry.model_copy(
        update={"name": usable.get("name", ""), "then": usable.get("then") or []}
    )
