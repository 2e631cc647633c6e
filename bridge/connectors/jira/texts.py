"""Texts of rules as wiki markup within Jira's limits."""

from __future__ import annotations

from bridge.connectors.jira.options import LABEL_LIMIT, SUMMARY_LIMIT
from bridge.connectors.parameters import TextFormat
from bridge.event import JSON
from bridge.text.characters import head, length, one_line, tidy
from bridge.text.cut import fit, fit_wiki
from bridge.text.markdown import read_markdown
from bridge.text.plain import read_plain
from bridge.text.tree import Written
from bridge.text.wiki import unescape, write_wiki


def wiki_text(text: str, text_format: TextFormat, limit: int) -> Written:
    """Markdown, plain text or an author's own wiki markup, cut by structure."""
    if text_format == "wiki":
        return fit_wiki(tidy(text), limit)
    document = read_markdown(text) if text_format == "markdown" else read_plain(text)
    return fit(document, limit, write_wiki)


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
    """The words of a long text that Jira gives; empty where there is none."""
    return value if isinstance(value, str) else ""


def read_plain_text(body: str) -> str:
    """The words of a body that was written as plain text; any other body as it stands."""
    words = unescape(body)
    return words if wiki_text(words, "plain", length(body) + 1).text == body else body
