"""How `data` is built: each field from its own small expression, absent ones left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.document import Document
from bridge.errors import ExpressionFailed
from bridge.event import JSON
from bridge.sources.lookup import ABSENT, Absent, Path, Reading, Scope, compile_reading
from bridge.sources.preset import DataForm


@dataclass(frozen=True, slots=True)
class Leaf:
    """Alternatives: the first that is there and not null; null when one was null; else absent."""

    name: str
    readings: tuple[Reading, ...]

    def build(self, scope: Scope) -> JSON | Absent:
        result: JSON | Absent = ABSENT
        for reading in self.readings:
            try:
                value = reading.value(scope)
            except ExpressionFailed as error:
                raise ExpressionFailed(f"{self.name}: {reading.text}: {error}") from error
            if value is None:
                result = None
            elif not isinstance(value, Absent):
                return value
        return result


@dataclass(frozen=True, slots=True)
class Branch:
    """Fields by name."""

    fields: Mapping[str, Leaf | Branch]

    def build(self, scope: Scope) -> JSON | Absent:
        built: dict[str, JSON] = {}
        for name, node in self.fields.items():
            value = node.build(scope)
            if not isinstance(value, Absent):
                built[name] = value
        return built or ABSENT


def compile_data(form: DataForm, document: Document, path: Path) -> Leaf | Branch:
    """Raises Invalid, with the place in the preset file."""
    if isinstance(form, dict):
        return Branch(
            {name: compile_data(below, document, (*path, name)) for name, below in form.items()}
        )
    name = ".".join(str(step) for step in path)
    if isinstance(form, str):
        return Leaf(name, (compile_reading(form, document, path),))
    return Leaf(
        name,
        tuple(compile_reading(text, document, (*path, index)) for index, text in enumerate(form)),
    )


def build_data(node: Leaf | Branch, scope: Scope) -> JSON:
    """`data` of one event. Raises ExpressionFailed naming the field and its expression."""
    built = node.build(scope)
    return {} if isinstance(built, Absent) else built
