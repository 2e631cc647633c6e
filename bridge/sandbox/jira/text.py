"""Long text in its two forms: wiki markup as text (v2) and ADF documents (v3).

Text is kept exactly as it was sent. Asked for through the other version, it is shown in the
plainest way that loses no word: paragraphs one way, the bare text the other.
"""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import as_list, as_object

LIMIT = 32_767
"""Characters in a description, comment or other long text (Jira's own limit, read 2026-11)."""

TOO_LONG = "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
NOT_TEXT = "Operation value must be a string"
NOT_ADF = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"


def problem_of(value: JSON, api: int) -> str:
    """What Jira would say against this long text; empty when it is fine."""
    if value is None:
        return ""
    if api == 3:
        document = as_object(value)
        if document.get("type") != "doc" or document.get("version") != 1:
            return NOT_ADF
        return "" if isinstance(document.get("content"), list) else NOT_ADF
    if not isinstance(value, str):
        return NOT_TEXT
    return TOO_LONG if len(value) > LIMIT else ""


def shown(value: JSON, api: int) -> JSON:
    """The kept text as this version of the API shows it."""
    if api == 3 and isinstance(value, str):
        return document_of(value)
    if api == 2 and isinstance(value, dict):
        return text_of(value)
    return value


def document_of(text: str) -> JSON:
    paragraphs: list[JSON] = []
    for line in text.split("\n"):
        inner: list[JSON] = [{"type": "text", "text": line}] if line else []
        paragraphs.append({"type": "paragraph", "content": inner})
    return {"version": 1, "type": "doc", "content": paragraphs}


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
