"""A recorded request read as the bridge would read it, without storing it.

For explaining rules, and for the tests in rule files. The proof is not checked: what a sample
proves was true when it was recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from bridge.configured import Configured
from bridge.errors import BridgeError, NotFound
from bridge.event import Delivery, Event
from bridge.match.cases import RuleTest
from bridge.settings import SourceSettings
from bridge.sources.catalogue import load_presets
from bridge.sources.sample import HEADERS_FILE, Sample
from bridge.sources.source import Source
from bridge.store.events import as_stored


def events_of_sample(sample: Sample, source: Source, now: int) -> Sequence[Event]:
    """The events that this source makes of the sample. Raises Refused, ExpressionFailed."""
    delivery = Delivery(sample.method, sample.headers, sample.body, (), None, now)
    events = source.read(delivery, source.parse(delivery))
    return [source.normalise(as_stored(index, event)) for index, event in enumerate(events, 1)]


def source_for(configured: Configured, sample: Sample, name: str = "") -> Source:
    """The source that is named; else the one with the sample's preset; else a stand-in for it.

    Of several with that preset it is the one to whose address the sample was sent. Where no source
    at all is configured, the stand-in has the name that is asked for.
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
    if (name and sources) or preset is None:
        raise NotFound(f'there is no source or preset "{name or sample.preset}"')
    return Source(preset, stand_in_settings(sample.preset, name or sample.preset))


def stand_in_settings(preset: str, name: str) -> SourceSettings:
    """A source for a sample whose sender is not configured; it is never served."""
    try:
        return SourceSettings(name=name, preset=preset, proof="none")
    except ValidationError as error:
        raise NotFound(f'there is no source "{name}", and none can be called so') from error


def find_sample(test: RuleTest, folder: Path) -> Path:
    """The sample in the folder, in the working directory, or beside or above the rule file.

    Raises NotFound where it is in none of them.
    """
    for start in (folder, Path(), *Path(test.place.file).resolve().parents):
        if (start / test.sample / HEADERS_FILE).is_file():
            return start / test.sample
    where = "the folder of the configuration, the working directory, and above the rule file"
    raise NotFound(f"there is no sample {test.sample}; it was looked for in {where}")
