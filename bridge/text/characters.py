"""Characters: which are fit for other systems, how they are counted, where text may be cut."""

from __future__ import annotations

import re
import unicodedata

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
"""What XML 1.0 bars or discourages; Jira and its kind refuse or drop these."""

JOINERS = "\u200d\ufe0e\ufe0f"
"""Zero-width joiner and variation selectors: they belong to the character before."""


def tidy(text: str) -> str:
    """One kind of line end, and U+FFFD for control characters and lone surrogates."""
    for line_end in ("\r\n", "\r", "\x85", "\u2028", "\u2029"):
        text = text.replace(line_end, "\n")
    return CONTROL.sub("\ufffd", text)


def length(text: str) -> int:
    """The length as Java and so Jira counts it: UTF-16 units, two for an emoji."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def head(text: str, limit: int) -> str:
    """The longest beginning of at most `limit` units that ends between two characters.

    A base letter keeps its accents and an emoji its joined parts; what stands before them goes
    too rather than staying mutilated.
    """
    if length(text) <= limit:
        return text
    raw = text.encode("utf-16-le", "surrogatepass")[: max(limit, 0) * 2]
    end = len(raw.decode("utf-16-le", "ignore"))
    while end > 0 and _belong_together(text[end - 1], text[end]):
        end -= 1
    return text[:end]


def _belong_together(before: str, after: str) -> bool:
    return (
        unicodedata.combining(after) != 0
        or after in JOINERS
        or before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or ("\U0001f1e6" <= after <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff")
    )


def cut_words(text: str, limit: int, mark: str = "…") -> str:
    """At most `limit` units, ending at a word's end where one is near, with `mark` when cut."""
    if length(text) <= limit:
        return text
    room = limit - length(mark)
    if room <= 0:
        return head(text, limit)
    kept = head(text, room)
    space = max(kept.rfind(" "), kept.rfind("\n"))
    if space > len(kept) * 3 // 4:  # arbitrary: better a split word than a quarter of the text
        kept = kept[:space]
    return kept.rstrip() + mark


def one_line(text: str, limit: int) -> str:
    """Text for a field of one line, such as a summary: blanks joined, cut with a mark."""
    return cut_words(" ".join(tidy(text).split()), limit)
