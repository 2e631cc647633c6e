"""Block Kit of a rule as Slack takes it: what an event says is literal, and within the limits.

Slack refuses the whole message for one text that is too long.
https://docs.slack.dev/reference/block-kit/blocks/, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bridge.errors import GiveUp
from bridge.event import JSON
from bridge.text.characters import cut_words, length
from bridge.text.mrkdwn import unescape_mrkdwn

MOST_BLOCKS = 50
TEXT_LIMIT = 3_000
"""Of a text object, unless where it stands says less."""
MARKDOWN_LIMIT = 12_000
LIMITS = {("header", "text"): 150, ("section", "fields"): 2_000, ("button", "text"): 75}
"""By the type of what the text object stands in, and the name it has there."""

OPEN_END = re.compile(r"(?:&[a-z]{0,3}|<[^>]*)…\Z")
"""An entity or a link that the cut went through."""


def blocks_of(blocks: Sequence[JSON], lost: list[str]) -> JSON:
    """The blocks as Slack takes them. Raises GiveUp for too many.

    Templates escape what an event says for mrkdwn; where Slack takes text as it is, that is undone.
    """
    if len(blocks) > MOST_BLOCKS:
        raise GiveUp(f"a message has at most {MOST_BLOCKS} blocks; these are {len(blocks)}")
    return [_block(one, TEXT_LIMIT, lost) for one in blocks]


def _block(value: JSON, limit: int, lost: list[str]) -> JSON:
    """limit: of a text object that stands here."""
    if isinstance(value, list):
        return [_block(one, limit, lost) for one in value]
    if isinstance(value, str):
        return unescape_mrkdwn(value)
    if not isinstance(value, dict):
        return value
    kind, text = str(value.get("type", "")), value.get("text")
    if isinstance(text, str) and kind == "plain_text":
        return {**value, "text": _cut(unescape_mrkdwn(text), limit, lost)}
    if isinstance(text, str) and kind in ("mrkdwn", "markdown"):
        most = MARKDOWN_LIMIT if kind == "markdown" else limit
        cut = _cut(text, most, lost)
        return {**value, "text": cut if cut == text else OPEN_END.sub("…", cut)}
    return {
        name: _block(one, LIMITS.get((kind, name), TEXT_LIMIT), lost) for name, one in value.items()
    }


def _cut(text: str, limit: int, lost: list[str]) -> str:
    if length(text) <= limit:
        return text
    lost.append(f"a text of the blocks was cut from {length(text)} to {limit} characters")
    return cut_words(text, limit)
