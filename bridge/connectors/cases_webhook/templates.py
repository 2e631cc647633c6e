"""Kibana's templates: JSON and addresses with variables in braces."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from urllib.parse import quote

from bridge.event import JSON

VARIABLE = re.compile(r"\{\{\{\s*([^{}]*?)\s*\}\}\}|\{\{\s*([^{}]*?)\s*\}\}")

OF_CASE = (
    "case.id", "case.title", "case.description", "case.tags", "case.severity", "case.status",
)  # fmt: skip
OF_INCIDENT = ("external.system.id", "external.system.title")
COMMENT = "case.comment"
MARK = "mark"
"""Ours: the case's, or in the templates of comments the comment's."""

SAMPLES: Mapping[str, JSON] = {
    **dict.fromkeys((*OF_CASE, *OF_INCIDENT, COMMENT, MARK), "x"), "case.tags": ["x"],
}  # fmt: skip


def variables_in(template: str) -> set[str]:
    return {found[1] or found[2] for found in VARIABLE.finditer(template)}


def check_variables(template: str, known: Collection[str]) -> None:
    """Raises ValueError for a variable that is not known here."""
    for name in sorted(variables_in(template)):
        if name not in known:
            raise ValueError(f"knows no variable {name!r} here; it knows: {', '.join(known)}")


def check_json(template: str, known: Collection[str]) -> None:
    """Raises ValueError for a template that gives no JSON once its variables are filled in."""
    check_variables(template, known)
    try:
        fill_json(template, SAMPLES)
    except ValueError as error:
        raise ValueError(
            f"is no JSON with its variables filled in ({error}); a variable stands without "
            "quotes around it, as they come with it"
        ) from None


def fill_json(template: str, values: Mapping[str, JSON]) -> JSON:
    """The body. Each variable becomes JSON, quotes included. Raises ValueError, KeyError."""
    filled: JSON = json.loads(
        VARIABLE.sub(lambda found: json.dumps(values[found[1] or found[2]]), template)
    )
    return filled


def fill_url(template: str, values: Mapping[str, JSON]) -> str:
    """The address; a slash or a question mark in a value stays in its part."""
    return VARIABLE.sub(lambda found: quote(str(values[found[1] or found[2]]), safe=""), template)


def value_at(answer: JSON, key: str) -> str:
    """What stands under `id`, `data.id` or `issues.0.id`; empty for nothing."""
    here = answer
    for name in key.replace("[", ".").replace("]", "").split("."):
        if isinstance(here, dict):
            here = here.get(name)
        elif isinstance(here, list) and name.isdecimal() and int(name) < len(here):
            here = here[int(name)]
        else:
            return ""
    return str(here) if isinstance(here, str | int) and not isinstance(here, bool) else ""


def holds(answer: JSON, text: str) -> bool:
    """Whether any text of an answer, however deep, holds this."""
    if isinstance(answer, dict):
        return any(holds(one, text) for one in answer.values())
    if isinstance(answer, list):
        return any(holds(one, text) for one in answer)
    return isinstance(answer, str) and text in answer
