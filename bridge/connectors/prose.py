"""Texts of rules for systems that take Markdown, within their limits."""

from __future__ import annotations

import re

from bridge.connectors.parameters import TextFormat
from bridge.errors import GiveUp
from bridge.text.characters import length, one_line, tidy
from bridge.text.cut import fit
from bridge.text.gfm import write_markdown
from bridge.text.markdown import read_markdown
from bridge.text.plain import read_plain
from bridge.text.quiet import quiet
from bridge.text.tree import Written


def markdown_text(
    text: str, text_format: TextFormat, limit: int, calls: re.Pattern[str] | None = None
) -> Written:
    """Markdown without HTML, cut by structure. Raises GiveUp for wiki markup.

    calls: what would call somebody there, and is made quiet.
    """
    if text_format == "wiki":
        raise GiveUp("this system takes Markdown; `format: wiki` is for Jira")
    document = read_markdown(text) if text_format == "markdown" else read_plain(text)
    if calls is not None:
        document = quiet(document, calls)
    return fit(document, limit, write_markdown)


def title_text(text: str, limit: int) -> Written:
    """One line within the limit. Raises GiveUp when nothing is left of it."""
    written = one_line(text, limit)
    if not written:
        raise GiveUp("the title is empty")
    cut = length(" ".join(tidy(text).split())) > limit
    return Written(written, (f"the title was cut to {limit} characters",) if cut else ())
