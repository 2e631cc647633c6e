"""What the environment says in a configuration: `${NAME}` inside values, and `BRIDGE_…` over them.

Pure: the environment is an argument. Nothing here knows which sections there are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import get_args, get_origin

from pydantic import BaseModel

from bridge.document import did_you_mean, path_text
from bridge.errors import Place, Problem
from bridge.event import JSON

Steps = tuple[str | int, ...]

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[^{}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(slots=True)
class Overlay:
    """A configuration with the environment laid over it.

    origins: which variable a value came from, by its path; for the places of later problems.
    """

    value: JSON
    problems: list[Problem] = field(default_factory=list)
    origins: dict[Steps, str] = field(default_factory=dict)

    def place(self, path: Steps) -> Place | None:
        """The variable that gave this value, or one it lies in; None where the file did."""
        for length in range(len(path), 0, -1):
            variable = self.origins.get(path[:length])
            if variable:
                return Place(f"${variable}", 1, 1)
        return None


def fill_in(value: JSON, environ: Mapping[str, str], place: Callable[[Steps], Place]) -> Overlay:
    """Replace every `${NAME}` in every text; `$${` stands for `${` itself.

    A name that the environment lacks is a problem at the value's place, and so is a `${` that
    names nothing, because a secret with a hole in it would be accepted silently.
    """
    problems: list[Problem] = []

    def walk(part: JSON, path: Steps) -> JSON:
        if isinstance(part, dict):
            return {key: walk(inner, (*path, key)) for key, inner in part.items()}
        if isinstance(part, list):
            return [walk(inner, (*path, index)) for index, inner in enumerate(part)]
        if isinstance(part, str) and "${" in part:
            return _REFERENCE.sub(lambda found: put(found, path), part)
        return part

    def put(found: re.Match[str], path: Steps) -> str:
        if found[0] == "$${":
            return "${"
        name = found["name"] or ""
        if not _NAME.fullmatch(name):
            words = "this names no environment variable"
            problems.append(Problem(place(path), words, path_text(path), "write ${NAME}, or $${"))
            return found[0]
        if name not in environ:
            words = f"the environment variable {name} is not set"
            problems.append(Problem(place(path), words, path_text(path)))
        return environ.get(name, found[0])

    return Overlay(walk(value, ()), problems)


def lay_environment(
    overlay: Overlay, environ: Mapping[str, str], settings: type[BaseModel]
) -> None:
    """Lay every `BRIDGE_<SECTION>_<KEY>` over the file. A key no section has is a problem.

    settings: the model whose fields are the sections: a model each, or a tuple of models.
    An entry of such a list is reached by its name: `BRIDGE_SOURCES_<NAME>_<KEY>`.
    Variables that begin with no section's name are somebody else's and are left alone.
    """
    for variable, text in sorted(environ.items()):
        words = variable.removeprefix("BRIDGE_").lower()
        if words == variable.lower() or _from_kubernetes(variable, text):
            continue
        for section, info in settings.model_fields.items():
            if words != section and not words.startswith(f"{section}_"):
                continue
            key = words.removeprefix(section).removeprefix("_")
            try:
                path, many = _target(overlay.value, section, key, info.annotation)
            except _NoSuchKey as error:
                where = Place(f"${variable}", 1, 1)
                overlay.problems.append(Problem(where, error.message, hint=error.hint))
            else:
                many = many or text.lstrip().startswith(("[", "{"))
                overlay.value = _put(overlay.value, path, _several(text) if many else text)
                overlay.origins[path] = variable


class _NoSuchKey(Exception):
    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def _target(value: JSON, section: str, key: str, annotation: object) -> tuple[Steps, bool]:
    """The path that a variable means, and whether a list stands there."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if key in annotation.model_fields:
            return (section, key), _takes_several(annotation.model_fields[key].annotation)
        hint = did_you_mean(key, annotation.model_fields)
        raise _NoSuchKey(f'the section "{section}" has no key "{key}"', hint)
    if not key:
        return (section,), True
    (model, *_) = get_args(annotation)
    entry, index, rest = _entry(value, section, key)
    if rest in model.model_fields:
        return (section, index, rest), _takes_several(model.model_fields[rest].annotation)
    if "options" in model.model_fields:
        return (section, index, *_option(entry, rest)), False
    hint = did_you_mean(rest, model.model_fields)
    raise _NoSuchKey(f'an entry of "{section}" has no key "{rest}"', hint)


def _entry(value: JSON, section: str, words: str) -> tuple[dict[str, JSON], int, str]:
    """The entry of a list that the words begin with the name of, and the rest of the words."""
    entries = value.get(section) if isinstance(value, dict) else None
    found: list[tuple[int, str, dict[str, JSON]]] = []
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            spoken = re.sub(r"[^a-z0-9]", "_", str(entry.get("name")).lower()) + "_"
            if words.startswith(spoken) and words != spoken:
                found.append((index, words.removeprefix(spoken), entry))
    if not found:
        words = f'no entry of "{section}" has the name that this variable begins with'
        raise _NoSuchKey(words, f"write BRIDGE_{section.upper()}_<NAME>_<KEY>")
    index, rest, entry = min(found, key=lambda one: len(one[1]))
    return entry, index, rest


def _option(entry: dict[str, JSON], key: str) -> tuple[str, ...]:
    """The path of an option: `auth_api_token` is `auth.api_token` where `auth` is a mapping."""
    for name, part in entry.items():
        if isinstance(part, dict) and key.startswith(f"{name}_"):
            return name, key.removeprefix(f"{name}_")
    return (key,)


def _takes_several(annotation: object) -> bool:
    return get_origin(annotation) is tuple


def _from_kubernetes(variable: str, text: str) -> bool:
    """Kubernetes names a service's address so; a service `bridge-server` is not a setting."""
    return "_SERVICE_" in variable or text.startswith(("tcp://", "udp://"))


def _put(value: JSON, path: Steps, new: JSON) -> JSON:
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(value) if isinstance(value, list) else []
        items[step] = _put(items[step], rest, new)
        return items
    fields = dict(value) if isinstance(value, dict) else {}
    fields[step] = _put(fields.get(step), rest, new)
    return fields


def _several(text: str) -> JSON:
    """A list or mapping as a variable carries it: JSON, or words with commas between them."""
    if text.lstrip().startswith(("[", "{")):
        try:
            parsed: JSON = json.loads(text)
        except ValueError:
            return text
        return parsed
    return [word.strip() for word in text.split(",") if word.strip()]
