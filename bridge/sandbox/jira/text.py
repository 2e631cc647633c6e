"""Long text in its two forms: wiki markup as text (v2) and ADF documents (v3).

Text is kept exactly as it was sent; asked for through the other version, it is translated. Real
Jira keeps ADF alone and gives wiki markup in a wording of its own even to who wrote wiki markup.
"""

from __future__ import annotations

import json

from bridge.event import JSON
from bridge.sandbox.exchange import as_list, as_object
from bridge.sandbox.jira.wording import document_of, wiki_of

LIMIT = 32_767
"""Characters in a description, comment or other long text (Jira's own limit, read 2026-11)."""

TOO_LONG = "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
NOT_TEXT = "Operation value must be a string"
NOT_ADF = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"


def units(text: str) -> int:
    """The length as Java counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def problem_of(value: JSON, api: int) -> str:
    """What Jira would say against this long text; empty when it is fine."""
    if value is None:
        return ""
    if api == 3:
        document = as_object(value)
        if document.get("type") != "doc" or document.get("version") != 1:
            return NOT_ADF
        if not isinstance(document.get("content"), list) or not _is_sound(document):
            return NOT_ADF
        size = units(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        return TOO_LONG if size > LIMIT else ""
    if not isinstance(value, str):
        return NOT_TEXT
    return TOO_LONG if units(value) > LIMIT else ""


def _is_sound(node: JSON) -> bool:
    """Whether every node has a type, and no text is empty: what Jira refuses outright."""
    waiting = [node]
    while waiting:
        one = as_object(waiting.pop())
        if not isinstance(one.get("type"), str) or (one["type"] == "text" and not one.get("text")):
            return False
        waiting += as_list(one.get("content"))
    return True


def shown(value: JSON, api: int) -> JSON:
    """The kept text as this version of the API shows it."""
    if api == 3 and isinstance(value, str):
        return document_of(value)
    if api == 2 and isinstance(value, dict):
        return wiki_of(value)
    return value


def text_of(value: JSON) -> str:
    """The words of an ADF document, one line for each block."""
    return "\n".join(_words(block) for block in as_list(as_object(value).get("content")))


def _words(node: JSON) -> str:
    inner = as_object(node)
    if inner.get("type") == "hardBreak":
        return "\n"
    text = inner.get("text")
    if isinstance(text, str):
        return text
    separator = " " if inner.get("type") in ("tableRow", "bulletList", "orderedList") else ""
    return separator.join(_words(child) for child in as_list(inner.get("content")))


def plain(value: JSON) -> str:
    """The words, for search and for the changelog."""
    return value if isinstance(value, str) else text_of(value)
