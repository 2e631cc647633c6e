"""What text from an event goes through before it stands inside a rule author's text.

ESCAPES names one function for each markup. They know nothing of the place the text will stand in,
so they are safe in any: at the start of a line, in a list, a table cell, a link or, for Markdown,
in code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from bridge.text.characters import tidy
from bridge.text.mrkdwn import escape_mrkdwn
from bridge.text.wiki import escape_inside

MARKUP = re.compile(r"[\\`*\[\]()<>&|~#\n]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|!\Z")
"""What acts in the middle of a line. `_` between letters never is emphasis (CommonMark 0.31, 6.2),
so `a_b` stays readable; a `!` at the end could meet an author's `[`."""

MARKUP_AT_START = re.compile(r"\A(\d*)([.])|\A()([-+=:])")
"""What makes a list, a heading's underline or a table's second line at the start of a line."""

REFERENCE = re.compile(r"&#(\d{1,5});")
ENCODED = frozenset("\\`*[]()<>&|~#_!.-+=:")
"""What becomes a reference besides blanks; other references are an author's own."""


def reference(character: str) -> str:
    return f"&#{ord(character)};"


def escape_markdown(text: str) -> str:
    """Text that any reader of CommonMark, tables and strikethrough included, gives back as it was.

    Only line ends (one kind) and control characters (U+FFFD) differ.
    Source: https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references,
    read 2026-11.
    """
    text = tidy(text)
    body = text.strip()
    if not body:
        return "".join(map(reference, text))
    before = text[: len(text) - len(text.lstrip())]
    after = text[len(text.rstrip()) :]
    escaped = MARKUP.sub(lambda found: reference(found[0]), body)
    escaped = MARKUP_AT_START.sub(
        lambda found: (found[1] or "") + reference(found[2] or found[4]), escaped
    )
    return "".join(map(reference, before)) + escaped + "".join(map(reference, after))


def decode_references(text: str) -> str:
    """What `escape_markdown` did, undone; for code, where a Markdown reader leaves it standing."""
    return REFERENCE.sub(_decoded, text) if "&#" in text else text


def _decoded(found: re.Match[str]) -> str:
    character = chr(int(found[1]))
    return character if character in ENCODED or character.isspace() else found[0]


def escape_json(text: str) -> str:
    """Literal text for inside a string of an author's own JSON, as ADF is."""
    return json.dumps(tidy(text), ensure_ascii=False)[1:-1]


ESCAPES: Mapping[str, Callable[[str], str]] = {
    "markdown": escape_markdown,
    "wiki": escape_inside,
    "adf": escape_json,
    "plain": tidy,
    "mrkdwn": escape_mrkdwn,
}
