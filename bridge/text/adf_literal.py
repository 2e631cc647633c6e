"""An author's own Atlassian Document Format: JSON that a rule or a template holds.

Nodes stay as they are written, whatever the editor's schema knows beyond our tree. Only what Jira
refuses outright is mended: texts that are empty or no text, and control characters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from bridge.event import JSON
from bridge.text.adf import DEPTH, Node, adf_blocks, adf_document, adf_text
from bridge.text.characters import length, tidy
from bridge.text.cut import rest_note
from bridge.text.tree import Written

EXPECTED = 'expected {"type": "doc", "version": 1, "content": […]}'


def parse_adf(text: str) -> Node:
    """The document in a JSON text. Raises ValueError saying what is wrong with it."""
    try:
        value: JSON = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no ADF document: {_reason(error)}; {EXPECTED}") from None
    if not isinstance(value, dict) or value.get("type") != "doc":
        raise ValueError(f"is no ADF document; {EXPECTED}")
    if value.get("version") not in (1, 1.0) or not isinstance(value.get("content"), list):
        raise ValueError(f"is no ADF document of version 1 with content; {EXPECTED}")
    return adf_document(_nodes(value.get("content"), 0))


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"


def fit_adf(document: Node, limit: int) -> Written:
    """The document within `limit` characters of JSON: whole nodes, and a note where it was cut."""
    whole = adf_text(document)
    if length(whole) <= limit:
        return Written(whole)
    content = document["content"]
    nodes = (
        [node for node in content if isinstance(node, dict)] if isinstance(content, list) else []
    )
    note = adf_blocks((rest_note(),))
    size = length(adf_text(adf_document(note)))
    kept = 0
    for node in nodes:
        size += length(adf_text(node)) + 1
        if size > limit:
            break
        kept += 1
    text = adf_text(adf_document([*nodes[:kept], *note]))
    lost = f"the text was cut from {length(whole)} to {length(text)} characters"
    return Written(text if length(text) <= limit else "", (lost,))


def _nodes(content: JSON, depth: int) -> list[Node]:
    """Raises ValueError for what is no node, and for nodes too deep inside each other."""
    if depth > DEPTH:
        raise ValueError(f"is no ADF: nodes more than {DEPTH} deep inside each other")
    found: list[Node] = []
    for one in content if isinstance(content, list) else ():
        if not isinstance(one, dict) or not isinstance(one.get("type"), str):
            raise ValueError("is no ADF: every node is an object with a `type`")  # noqa: TRY004
        node = _text(one) if one["type"] == "text" else one
        if node is None:
            continue
        if "content" in node:
            inner: list[JSON] = list(_nodes(node["content"], depth + 1))
            node = {**node, "content": inner}
        found.append(node)
    return found


def _text(node: Mapping[str, JSON]) -> Node | None:
    """A text node whose text is text; None for an empty one, which Jira refuses.

    A template that is a whole leaf keeps its own type, so that a number may stand there.
    """
    value = node.get("text")
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = str(int(value))
    elif isinstance(value, int | float):
        value = str(value)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("is no ADF: the `text` of a text node is no text")  # noqa: TRY004
    return {**node, "text": tidy(value).replace("\n", " ")}
