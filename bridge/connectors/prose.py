"""Texts of rules: read from any of their formats, and as Markdown for systems that take it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bridge.connectors.parameters import CreateTicket, TextFormat, UpdateTicket
from bridge.errors import GiveUp
from bridge.event import JSON
from bridge.text.adf_literal import parse_adf
from bridge.text.adf_reader import read_adf
from bridge.text.characters import head, length, one_line, tidy
from bridge.text.cut import beginning, fit
from bridge.text.gfm import write_markdown
from bridge.text.markdown import read_markdown
from bridge.text.plain import read_plain
from bridge.text.quiet import quiet
from bridge.text.tree import Document, Written
from bridge.text.wiki_reader import read_wiki


def document_of(text: str, text_format: TextFormat, limit: int | None = None) -> Document:
    """The text as the tree that every system's writer takes. Raises GiveUp for broken ADF.

    limit: of what will be written; of a source that is far longer only the beginning is read.
    """
    if limit is not None and text_format != "adf":
        start = beginning(text, limit)
        if start != text:
            read = document_of(start, text_format)
            words = f"of {len(text)} characters only the first {len(start)} were read"
            return replace(read, lost=(words, *read.lost))
    match text_format:
        case "markdown":
            return read_markdown(text)
        case "wiki":
            return read_wiki(text)
        case "adf":
            return read_adf(adf_of(text))
        case "plain":
            return read_plain(text)


def adf_of(text: str) -> dict[str, JSON]:
    """An author's own ADF document. Raises GiveUp saying what is wrong with it."""
    try:
        return parse_adf(text)
    except ValueError as error:
        raise GiveUp(f"`format: adf`: the text {error}") from error


def markdown_text(
    text: str, text_format: TextFormat, limit: int, calls: re.Pattern[str] | None = None
) -> Written:
    """Markdown without HTML, cut by structure. Raises GiveUp for broken ADF.

    calls: what would call somebody there, and is made quiet.
    """
    document = document_of(text, text_format, limit)
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


def named_texts(
    parameters: CreateTicket | UpdateTicket,
    title_limit: int,
    text_limit: int,
    calls: re.Pattern[str] | None = None,
) -> tuple[dict[str, JSON], list[str]]:
    """`title` and `description`, those that the parameters name, and what was lost of them."""
    fields: dict[str, JSON] = {}
    lost: list[str] = []
    if parameters.summary is not None:
        title = title_text(parameters.summary, title_limit)
        fields["title"] = title.text
        lost += title.lost
    if parameters.description is not None:
        words = markdown_text(parameters.description, parameters.format, text_limit, calls)
        fields["description"] = words.text
        lost += words.lost
    return fields, lost


def label_texts(labels: Iterable[str], limit: int) -> list[str]:
    """Labels within the limit: each one line, none twice, none empty."""
    cleaned = (" ".join(tidy(label).split()) for label in labels)
    return list(dict.fromkeys(head(label, limit) for label in cleaned if label))


def folded(text: str) -> str:
    """A name as it is looked up: small letters, one space for whatever parts its words."""
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
