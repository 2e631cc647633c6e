"""Texts of rules as Jira takes them, and Jira's texts as people read them, within its limits."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bridge.connectors.jira.options import LABEL_LIMIT, SUMMARY_LIMIT, JiraSettings
from bridge.connectors.parameters import TextFormat
from bridge.connectors.prose import adf_of, document_of
from bridge.event import JSON
from bridge.text.adf import write_adf
from bridge.text.adf_literal import fit_adf
from bridge.text.adf_reader import read_adf, words_of
from bridge.text.characters import head, length, one_line, tidy
from bridge.text.cut import fit, fit_wiki
from bridge.text.plain import write_plain
from bridge.text.tree import Written
from bridge.text.wiki import unescape, write_wiki
from bridge.text.wiki_reader import read_wiki


@dataclass(frozen=True, slots=True)
class LongText:
    """A description or comment. value: wiki markup in version 2 of the API, ADF in version 3."""

    value: JSON
    lost: tuple[str, ...] = ()
    empty: bool = False


def long_text(
    text: str, text_format: TextFormat, settings: JiraSettings, *, reserved: int = 0
) -> LongText:
    """A text of a rule as this integration's version of the API takes it, cut by structure.

    An author's own markup goes as it is into the version that speaks it; into the other it is
    translated, and what that loses is said. Raises GiveUp for broken ADF.
    reserved: characters of the limit that something else takes.
    """
    limit = max(settings.description_limit - reserved, 0)
    if settings.api == 2:
        words = wiki_text(text, text_format, limit)
        return LongText(words.text, words.lost, not words.text.strip())
    words = adf_text(text, text_format, limit)
    document: JSON = json.loads(words.text) if words.text else None
    return LongText(document, words.lost, _is_blank(document))


def _is_blank(document: JSON) -> bool:
    """Whether there is nothing to see: no node at all, or paragraphs of blanks alone."""
    content = document.get("content") if isinstance(document, dict) else None
    nodes = content if isinstance(content, list) else []
    kinds = {node.get("type") for node in nodes if isinstance(node, dict)}
    return kinds <= {"paragraph"} and not words_of(document).strip()


def wiki_text(text: str, text_format: TextFormat, limit: int) -> Written:
    """Any format as wiki markup; an author's own is left as it is."""
    if text_format == "wiki":
        return fit_wiki(tidy(text), limit)
    return fit(document_of(text, text_format, limit), limit, write_wiki)


def adf_text(text: str, text_format: TextFormat, limit: int) -> Written:
    """Any format as the JSON of an ADF document; an author's own is left as it is."""
    if text_format == "adf":
        return fit_adf(adf_of(text), limit)
    return fit(document_of(text, text_format, limit), limit, write_adf)


def summary_text(text: str) -> Written:
    """One line of at most 255 characters."""
    written = one_line(text, SUMMARY_LIMIT)
    cut = length(" ".join(tidy(text).split())) > SUMMARY_LIMIT
    return Written(written, ("the summary was cut to 255 characters",) if cut else ())


def label_texts(labels: list[str] | None) -> list[str]:
    """Labels as Jira takes them: no blanks, at most 255 characters, none twice, none empty."""
    cleaned = ["-".join(tidy(label).split()) for label in labels or []]
    return list(dict.fromkeys(head(label, LABEL_LIMIT) for label in cleaned if label))


def read_text(value: JSON) -> str:
    """The words of a long text that Jira gives, in either version; empty where there is none.

    Of a text that was written as plain text they are that text again, to the character.
    """
    if isinstance(value, dict):
        return write_plain(read_adf(value)).text
    if not isinstance(value, str):
        return ""
    words = unescape(value)
    if wiki_text(words, "plain", length(value) + 1).text == value:
        return words
    return write_plain(read_wiki(value)).text
