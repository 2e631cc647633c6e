"""Texts of rules as Markdown within GitHub's limits, calling nobody unless that is wanted."""

from __future__ import annotations

import re

from bridge.connectors.github.client import GitHub
from bridge.connectors.github.options import BODY_LIMIT, LABEL_LIMIT
from bridge.connectors.parameters import TextFormat
from bridge.connectors.prose import label_texts, markdown_text
from bridge.text.quiet import quiet_text
from bridge.text.tree import Written

CALLS = re.compile(r"(?<![A-Za-z0-9@])@(?=[A-Za-z0-9])|#(?=\d)|(?<![A-Za-z0-9])GH-(?=\d)")
"""What begins a mention of a person or a team, or a reference to an issue.
https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/
autolinked-references-and-urls, read 2026-11."""

ROOM_FOR_MARK = 300
"""The mark's line takes 50 characters; one that names a parent, with a repository's longest name,
160."""


def body_text(github: GitHub, text: str, text_format: TextFormat) -> Written:
    """Markdown, with room for a mark below it. Raises GiveUp for broken ADF."""
    calls = None if github.settings.mentions else CALLS
    return markdown_text(text, text_format, BODY_LIMIT - ROOM_FOR_MARK, calls)


def cell_text(github: GitHub, text: str) -> str:
    """A literal cell or title of a table."""
    return text if github.settings.mentions else quiet_text(text, CALLS)


def labels_of(names: list[str]) -> list[str]:
    return label_texts(names, LABEL_LIMIT)
