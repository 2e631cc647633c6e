"""A field that one element of a report lacks, and a null in a list, cost nothing but themselves."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.event import JSON, Event
from bridge.sources.sample import Sample, load_samples
from tests.sources.deliveries import SAMPLES, delivery, events, source

Path = tuple[str | int, ...]
ALL = {
    name: sample
    for name, sample in load_samples(SAMPLES).items()
    if sample.preset not in ("aws-sns", "cloudevents")  # whose envelopes are told of elsewhere
}
SCANS = ("aqua", "defectdojo", "qtangl", "sarif", "semgrep", "snyk", "stackhawk", "trivy-operator")


def paths(value: JSON, at: Path = ()) -> Iterator[tuple[Path, JSON]]:
    """Every place in a body, with what stands there."""
    pairs: list[tuple[str | int, JSON]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    for step, inner in pairs:
        yield (*at, step), inner
        yield from paths(inner, (*at, step))


def place(body: Any, path: Path) -> Any:
    for step in path:
        body = body[step]
    return body


def read(sample: Sample, body: JSON) -> list[Event]:
    given = delivery(json.dumps(body).encode(), sample.headers)
    return events(source(sample.preset), given)


def found(told: list[Event]) -> list[int]:
    """How many findings each event has."""
    return [len(one.data["findings"]) for one in told if "findings" in (one.data or {})]  # type: ignore[arg-type,call-overload,index,operator]


@pytest.mark.parametrize("name", sorted(name for name in ALL if ALL[name].preset in SCANS))
def test_finding_that_lacks_a_field_hides_no_other(name: str) -> None:
    sample = ALL[name]
    body: JSON = json.loads(sample.body)
    before = found(read(sample, body))
    for path, inner in paths(body):
        if isinstance(inner, dict | list) or not any(isinstance(step, int) for step in path):
            continue
        without = copy.deepcopy(body)
        del place(without, path[:-1])[path[-1]]
        after = found(read(sample, without))
        assert all(now >= then for now, then in zip(after, before, strict=True)), path


@pytest.mark.parametrize("name", sorted(ALL))
def test_null_in_a_list_is_as_if_it_were_not_there(name: str) -> None:
    sample = ALL[name]
    body: JSON = json.loads(sample.body)
    before = [(one.type, one.subject) for one in read(sample, body)]
    for path, inner in paths(body):
        if not isinstance(inner, list):
            continue
        with_null = copy.deepcopy(body)
        place(with_null, path).append(None)
        told = read(sample, with_null)  # which raises nothing
        assert [(one.type, one.subject) for one in told][: len(before)] == before, path
