"""Texts of rules as Markdown within GitHub's limits, calling nobody unless that is wanted."""

from __future__ import annotations

import re

from bridge.connectors.github.client import GitHub
from bridge.connectors.github.options import BODY_LIMIT, LABEL_LIMIT, TITLE_LIMIT
from bridge.connectors.parameters import TextFormat
from bridge.connectors.prose import markdown_text
from bridge.text.characters import head, length, one_line, tidy
from bridge.text.quiet import quiet_text
from bridge.text.tree import Written

CALLS = re.compile(r"(?<![A-Za-z0-9@])@(?=[A-Za-z0-9])|#(?=\d)|(?<![A-Za-z0-9])GH-(?=\d)")
"""What begins a mention of a person or a team, or a reference to an issue.
https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/
autolinked-references-and-urls, read 2026-11."""

ROOM_FOR_MARK = 100


def body_text(github: GitHub, text: str, text_format: TextFormat) -> Written:
    """Markdown, with room for a mark below it. Raises GiveUp for broken ADF."""
    calls = None if github.settings.mentions else CALLS
    return markdown_text(text, text_format, BODY_LIMIT - ROOM_FOR_MARK, calls)


def title_text(text: str) -> Written:
    """One line of at most 256 characters."""
    cut = length(" ".join(tidy(text).split())) > TITLE_LIMIT
    lost = (f"the title was cut to {TITLE_LIMIT} characters",) if cut else ()
    return Written(one_line(text, TITLE_LIMIT), lost)


def cell_text(github: GitHub, text: str) -> str:
    """A literal cell or title of a table."""
    return text if github.settings.mentions else quiet_text(text, CALLS)


def label_texts(labels: list[str]) -> list[str]:
    """Labels as GitHub takes them: one line, at most 50 characters, none twice, none empty."""
    cleaned = [" ".join(tidy(label).split()) for label in labels]
    return list(dict.fromkeys(head(label, LABEL_LIMIT) for label in cleaned if label))
