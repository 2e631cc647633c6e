"""A recorded request read and matched as the bridge would do it, without storing or calling.

For explaining rules, and for the tests in rule files. The proof is not checked: what a sample
proves was true when it was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.action import PlannedAction
from bridge.configured import Configured
from bridge.errors import BridgeError, NotFound
from bridge.event import JSON, Delivery, Event
from bridge.match.plan import plan
from bridge.match.rules import RuleSet, RuleTest, Wanted
from bridge.settings import SourceSettings
from bridge.sources.catalogue import load_presets
from bridge.sources.sample import HEADERS_FILE, Sample, load_sample
from bridge.sources.source import Source
from bridge.store.events import as_stored
from bridge.text.escape import ESCAPES

Planned = tuple[str, PlannedAction]
"""A rule's name and an action it planned."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a test in a rule file came to. missing: in words; empty when all was as expected."""

    test: RuleTest
    missing: tuple[str, ...]


def events_of_sample(sample: Sample, source: Source, now: int) -> Sequence[Event]:
    """The events that this source makes of the sample. Raises Refused, ExpressionFailed."""
    delivery = Delivery(sample.method, sample.headers, sample.body, (), None, now)
    events = source.read(delivery, source.parse(delivery))
    return [source.normalise(as_stored(index, event)) for index, event in enumerate(events, 1)]


def source_for(configured: Configured, sample: Sample, name: str = "") -> Source:
    """The source that is named; else the one with the sample's preset; else a stand-in for it.

    Of several with that preset it is the one to whose address the sample was sent.
    Raises NotFound, and BridgeError when several sources fit.
    """
    sources = list(configured.sources.values())
    fits = [one for one in sources if name in (one.name, "")]
    if not name:
        fits = [one for one in fits if one.preset.name == sample.preset]
    if len(fits) > 1:
        addressed = sample.target.partition("?")[0].rpartition("/hooks/")[2].partition("/")[0]
        fits = [one for one in fits if one.name == addressed] or fits
    if len(fits) > 1:
        names = ", ".join(one.name for one in fits)
        raise BridgeError(f"several sources could have sent {sample.name}: {names}; name one")
    if fits:
        return fits[0]
    preset = load_presets(configured.settings.presets.path).get(sample.preset)
    if name or preset is None:
        raise NotFound(f'there is no source or preset "{name or sample.preset}"')
    return Source(preset, stand_in_settings(sample.preset))


def stand_in_settings(preset: str) -> SourceSettings:
    """A source for a sample whose sender is not configured: named as its preset, never served."""
    return SourceSettings(name=preset, preset=preset, proof="none")


def rehearse(event: Event, rules: RuleSet, now: int) -> Sequence[Planned]:
    """Every action the rules plan for the event, as if nothing had happened before it.

    Raises BridgeError when an expression gives an error.
    """
    planned: list[Planned] = []
    for stage in ("at_once", "in_lane"):
        made = plan(event, rules, now, {}, ESCAPES, stage=stage)
        wrong = [f"{one.rule}: {one.reason}" for one in made.verdicts if one.error]
        if wrong:
            raise BridgeError("; ".join(wrong))
        planned += [(run.rule, action) for run in made.runs for action in run.actions]
    return [one for one in planned if not one[1].skip]


def run_test(
    test: RuleTest, configured: Configured, rules: RuleSet, folder: Path, now: int
) -> Rehearsed:
    """Plan the test's sample and compare. folder: where its path begins, if it is there."""
    try:
        sample = load_sample(_find_sample(test, folder))
        events = events_of_sample(sample, source_for(configured, sample, test.source), now)
        planned = [one for event in events for one in rehearse(event, rules, now)]
    except BridgeError as error:
        return Rehearsed(test, (str(error),))
    return Rehearsed(test, tuple(_missing(test, planned, rules)))


def _find_sample(test: RuleTest, folder: Path) -> Path:
    """The sample in the folder, in the working directory, or beside or above the rule file."""
    for start in (folder, Path(), *Path(test.place.file).resolve().parents):
        if (start / test.sample / HEADERS_FILE).is_file():
            return start / test.sample
    return folder / test.sample


def _missing(test: RuleTest, planned: Sequence[Planned], rules: RuleSet) -> Sequence[str]:
    """What was expected and not planned; with nothing expected, what this file planned."""
    if not test.expect:
        here = {rule.name for rule in rules.rules if rule.place.file == test.place.file}
        return [
            f"nothing was expected, but {rule} planned {one.name}"
            for rule, one in planned
            if rule in here
        ]
    left = list(planned)
    missing: list[str] = []
    # The most particular first, or a bare expectation could take what only that one fits.
    for wanted in sorted(test.expect, key=lambda one: -len(one.parameters)):
        found = next((one for one in left if _fits(wanted, one)), None)
        if found is not None:
            left.remove(found)
        else:
            missing.append(_words(wanted, left))
    return missing


def _fits(wanted: Wanted, planned: Planned) -> bool:
    rule, action = planned
    given = action.parameters if isinstance(action.parameters, dict) else {}
    return (rule, action.name) == (wanted.rule, wanted.action) and _within(wanted.parameters, given)


def _within(wanted: Mapping[str, JSON], given: Mapping[str, JSON]) -> bool:
    """Each wanted parameter, with its own value; `1` is not `true` and not `"1"`."""
    return all(
        name in given and type(given[name]) is type(value) and given[name] == value
        for name, value in wanted.items()
    )


def _words(wanted: Wanted, left: Sequence[Planned]) -> str:
    """What was expected, and what that rule planned instead."""
    words = f"expected: {wanted.action} of {wanted.rule}"
    if wanted.parameters:
        words += f" with {dict(wanted.parameters)}"
    near = [
        one.parameters for rule, one in left if (rule, one.name) == (wanted.rule, wanted.action)
    ]
    return f"{words}; planned was {near[0]}" if near else f"{words}; it was not planned"
