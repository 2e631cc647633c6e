"""A small independent reader of Jira's wiki markup, to check what our writer really says.

It follows the order of the renderer's steps for text in lines and cells: macros and links first,
then backslashes, then entities.
"""

from __future__ import annotations

import html
import re

ACTIVE = re.compile(
    r"(?<!\\)(?:"
    r"\{[A-Za-z*_+^~-]|"  # a macro or a braced sign
    r"\[[^\]]*(?<!\\)\]|"  # a link or a mention
    r"![^\s!][^!\n]*(?<!\\)!|"  # an image
    r"\?\?[^?]+\?\?|"
    r"\((?:y|n|i|x|!|\?|/|\+|-|on|off|\*[rgby]?)\)"  # a picture
    r")"
)
PHRASE = re.compile(r"(?<![\w\\])([*_+^~-])(?=\S)[^\n]*?(?<![\s\\])\1(?!\w)")
ESCAPED = re.compile(r"\\([-#*_+?^~|%{}\[\]()!@])")


def split_row(line: str) -> list[str]:
    """The cells of `| a | b |`; an escaped bar does not part cells."""
    assert line.startswith("|")
    assert line.endswith("|")
    return [cell.strip(" ") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def literal_of(text: str) -> str:
    """What a reader of the page sees of literal text, breaks as line breaks.

    Fails where anything in it would act.
    """
    assert not ACTIVE.search(text), f"acts: {ACTIVE.search(text)!r} in {text!r}"
    assert not PHRASE.search(text), f"acts: {PHRASE.search(text)!r} in {text!r}"
    text = text.replace(r" \\ ", "\n")
    assert r"\\" not in text, f"a break of its own in {text!r}"
    return html.unescape(ESCAPED.sub(lambda found: f"&#{ord(found[1])};", text))
