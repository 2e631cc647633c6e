"""What pydantic finds wrong in a document, in words for whoever wrote it and with its place."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bridge.composer import MOST_PROBLEMS
from bridge.document import Document, Path_, did_you_mean, path_text
from bridge.errors import Invalid, Place, Problem

M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], document: Document, path: Path_ = ()) -> M:
    """Build the model from the document's value at `path`, or raise Invalid with all misfits.

    Messages never show the value itself: it may be a secret.
    """
    try:
        return model.model_validate(document.value_at(path))
    except ValidationError as error:
        raise Invalid(misfits(model, document, path, error)) from error


def misfits(
    model: type[BaseModel],
    document: Document,
    path: Path_,
    error: ValidationError,
    matters: Callable[[Any], bool] = lambda detail: True,
) -> list[Problem]:
    """What pydantic found, each with its place in the document and what would be right.

    matters: which of pydantic's details are taken.
    """
    seen: dict[tuple[Place, str], Problem] = {}
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        if matters(detail):
            problem = _misfit(model, document, path, detail["loc"], detail["type"], detail["msg"])
            seen.setdefault((problem.place, problem.message), problem)
    found = [one for one in seen.values() if not _told_below(one, seen.values())]
    return found[:MOST_PROBLEMS]


def _told_below(problem: Problem, others: Collection[Problem]) -> bool:
    """Whether a value of one of several forms is wrong in the form that it has: then it is not also
    wrong for not having another."""
    below = (f"{problem.field}.", f"{problem.field}[")
    return problem.message.startswith("must be ") and any(
        one.field.startswith(below) for one in others
    )


def _misfit(
    model: type[BaseModel], document: Document, path: Path_, loc: Path_, kind: str, words: str
) -> Problem:
    real = _real_path(document, path, loc)
    if kind == "extra_forbidden":
        known = _keys_at(model, loc[:-1])
        hint = did_you_mean(str(loc[-1]), known) or _listed(known)
        return document.problem(real, f'unknown key "{loc[-1]}"', hint, key=True)
    if kind == "missing":
        place = document.place(real)
        return Problem(place, f'missing key "{loc[-1]}"', path_text((*real, loc[-1])))
    return document.problem(real, _said_plainly(kind, words), _quote_hint(kind, document, real))


def _real_path(document: Document, path: Path_, loc: Path_) -> Path_:
    """The part of pydantic's location that is in the document; it also names types and unions."""
    real = path
    value: Any = document.value_at(path)
    for step in loc:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            continue
        real = (*real, step)
    return real


def _keys_at(model: type[BaseModel], loc: Path_) -> list[str]:
    """The keys that the model at this location takes."""
    here: list[Any] = [model]
    for step in loc:
        below: list[Any] = []
        for kind in here:
            fields = {info.alias or name: info for name, info in kind.model_fields.items()}
            if step in fields:
                below += _models_in(fields[str(step)].annotation)
            elif isinstance(step, int) or not fields.keys() & {step}:
                below.append(kind)
        here = below or here
    return [info.alias or name for kind in here for name, info in kind.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType) or get_args(annotation):
        return [found for part in get_args(annotation) for found in _models_in(part)]
    return []


def _listed(known: list[str]) -> str:
    return f"known here: {', '.join(sorted(set(known)))}" if known else ""


def _said_plainly(kind: str, words: str) -> str:
    plain = {
        "string_type": "must be text",
        "bool_type": "must be true or false",
        "bool_parsing": "must be true or false",
        "int_type": "must be a whole number",
        "int_parsing": "must be a whole number",
        "float_type": "must be a number",
        "float_parsing": "must be a number",
        "list_type": "must be a list",
        "tuple_type": "must be a list",
        "dict_type": "must be a mapping",
        "model_type": "must be a mapping",
        "model_attributes_type": "must be a mapping",
        "url_parsing": "must be a URL",
    }
    if kind in plain:
        return plain[kind]
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    words = words.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return words.replace("Input should be", "must be").replace("Input should", "must")


def _quote_hint(kind: str, document: Document, path: Path_) -> str:
    value = document.value_at(path)
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes"
    return ""
