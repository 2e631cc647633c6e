"""Which fields an event can have, so that a misspelt one is found when the rules load.

The vocabulary is handed in as plain data: a mapping of fields by name (`*` stands for any name),
a list of one for a list, VALUE or TRUTH for what has no fields, None for what may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from bridge.document import did_you_mean

VALUE = "value"
TRUTH = "truth"
"""True or false, which alone can be a condition by itself."""
Fields: TypeAlias = "Mapping[str, Fields] | Sequence[Fields] | str | None"
Vocabulary: TypeAlias = Mapping[str, Fields]
"""For each event type the fields of its `data`."""

EVENT: Fields = {
    "id": VALUE,
    "source": VALUE,
    "type": VALUE,
    "subject": VALUE,
    "time": VALUE,
    "received_at": VALUE,
    "tenant": VALUE,
    "data": None,
    "body": None,
    "headers": None,
}
"""The envelope, as `event` has it. `body` and `headers` are the sender's own."""

LINK_NAMES = ("ticket", "id", "url", "integration", "subject", "kind", "record", "rule")
"""What `link` has: the ticket an event's subject is tied to, and what tied it."""
LINK: Fields = dict.fromkeys(LINK_NAMES, VALUE)


def fields_of(model: type[BaseModel]) -> Fields:
    """The fields of a model, by the names they have in JSON."""
    return {
        info.alias or name: _fields_of(info.annotation) for name, info in model.model_fields.items()
    }


def unknown_step(fields: Fields, steps: Sequence[str]) -> tuple[int, str, str] | None:
    """The first step that the fields do not have, what is wrong with it, and a hint.

    None where every step is known, or where something on the way may hold anything.
    """
    for index, step in enumerate(steps):
        if fields is None:
            return None
        if isinstance(fields, Mapping):
            if step in fields or "*" in fields:
                fields = fields[step if step in fields else "*"]
            elif step == "*":
                return None
            else:
                return index, f'there is no field "{step}"', _suggest(step, fields)
        elif isinstance(fields, str):
            if step == "*":
                return None
            return index, f'"{step}" is read from a value that has no fields', ""
        elif step == "*":
            fields = fields[0]
        else:
            hint = "take one with [0], or go through them with .map(), .filter() or `each`"
            return index, f'"{step}" is read from a list', hint
    return None


def field_at(fields: Fields, steps: Sequence[str]) -> Fields:
    """What the fields say of the value at these steps; None where it may be anything."""
    for step in steps:
        if isinstance(fields, Mapping):
            fields = fields.get(step, fields.get("*"))
        elif isinstance(fields, Sequence) and not isinstance(fields, str) and step == "*":
            fields = fields[0]
        else:
            return None
    return fields


def _suggest(step: str, fields: Mapping[str, Fields]) -> str:
    known = ", ".join(sorted(fields)) or "none"
    return did_you_mean(step, fields) or f'known: {known}; a sender\'s own: ["{step}"]'


def in_all(per_type: Iterable[Fields], steps: Sequence[str]) -> tuple[int, str, str] | None:
    """As unknown_step, but wrong only where it is wrong for every one of several types."""
    first = None
    for fields in per_type:
        wrong = unknown_step(fields, steps)
        if wrong is None:
            return None
        first = first or wrong
    return first


def _fields_of(annotation: Any) -> Fields:
    origin = get_origin(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return fields_of(annotation)
    if annotation is bool:
        return TRUTH
    if annotation in (str, int, float) or origin is Literal:
        return VALUE
    if origin in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return _fields_of(kinds[0]) if len(kinds) == 1 else None
    if origin in (list, tuple):
        return [_fields_of(get_args(annotation)[0])]
    if origin is dict:
        return {"*": _fields_of(get_args(annotation)[1])}
    return None
