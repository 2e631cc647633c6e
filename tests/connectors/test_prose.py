"""Texts far beyond what any system takes are read no further than they can be seen."""

from __future__ import annotations

import pytest

from bridge.connectors.parameters import TextFormat
from bridge.connectors.prose import document_of, markdown_text
from bridge.text.cut import fit
from bridge.text.gfm import write_markdown

LIMIT = 500


@pytest.mark.parametrize(
    ("source", "text_format"),
    [
        ("&#124;&#x1F600; " * 2_000, "markdown"),
        ("word **bold** | " * 2_000, "markdown"),
        ("- item\n" * 3_000, "markdown"),
        ("\\{code\\} *x* " * 2_000, "wiki"),
        ("plain {code} " * 2_000, "plain"),
    ],
)
def test_what_is_read_no_further_is_written_as_if_it_were(
    source: str, text_format: TextFormat
) -> None:
    whole = fit(document_of(source, text_format), LIMIT, write_markdown)
    read = markdown_text(source, text_format, LIMIT)
    assert read.text == whole.text
    assert read.lost[0] == f"of {len(source)} characters only the first {LIMIT * 10} were read"


def test_text_within_reach_is_read_whole() -> None:
    assert document_of("x" * 10 * LIMIT, "plain", LIMIT).lost == ()
