"""Texts of rules as the Markdown that Linear takes."""

from __future__ import annotations

import re

from bridge.connectors.linear.options import TEXT_LIMIT
from bridge.connectors.parameters import TextFormat
from bridge.connectors.prose import markdown_text
from bridge.text.tree import Written

CALLS = re.compile(r"https://linear\.app/(?=[^\s/]+/profiles/)", re.IGNORECASE)
"""A bare address of a person's page is how Markdown mentions somebody in Linear.
https://linear.app/developers/graphql, "Mentions in Markdown", read 2026-11."""


def body_text(text: str, text_format: TextFormat) -> Written:
    """Markdown. Raises GiveUp for broken ADF."""
    return markdown_text(text, text_format, TEXT_LIMIT, CALLS)
