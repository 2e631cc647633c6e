"""A recorded request read as the bridge would read it, without storing anything.

For explaining rules and for the tests in rule files. The proof is not checked: what a sample
proves was true when it was recorded.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.event import Delivery, Event
from bridge.settings import SourceSettings
from bridge.sources.sample import Sample
from bridge.sources.source import Source
from bridge.store.events import as_stored


def events_of_sample(sample: Sample, source: Source, now: int) -> Sequence[Event]:
    """The events that this source makes of the sample. Raises Refused, ExpressionFailed."""
    delivery = Delivery(sample.method, sample.headers, sample.body, (), None, now)
    events = source.read(delivery, source.parse(delivery))
    return [source.normalise(as_stored(index, event)) for index, event in enumerate(events, 1)]


def stand_in_settings(preset: str) -> SourceSettings:
    """A source for a sample whose sender is not configured: named as its preset, never served."""
    return SourceSettings(name=preset, preset=preset, proof="none")
