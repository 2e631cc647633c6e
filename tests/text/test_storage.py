"""Confluence's storage format: what Markdown says, as XHTML that nothing breaks out of."""

from __future__ import annotations

from xml.parsers.expat import ParserCreate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.text.markdown import read_markdown
from bridge.text.plain import read_plain
from bridge.text.storage import literal_cell, write_storage


def is_well_formed(text: str) -> bool:
    ParserCreate().Parse(f"<page>{text}</page>", True)
    return True


@pytest.mark.parametrize(
    ("markdown", "storage"),
    [
        (
            "a *b* **c** ~~d~~ `e`",
            "<p>a <em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>",
        ),
        ("## h", "<h2>h</h2>"),
        ("- a\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("1. a", "<ol><li><p>a</p></li></ol>"),
        ("> q", "<blockquote><p>q</p></blockquote>"),
        ("---", "<hr />"),
        ("[w](https://a.example/?b&c)", '<p><a href="https://a.example/?b&amp;c">w</a></p>'),
        (
            "| a |\n|---|\n| b |",
            "<table><tbody><tr><th><p>a</p></th></tr><tr><td><p>b</p></td></tr></tbody></table>",
        ),
    ],
)
def test_markdown_reads_the_same(markdown: str, storage: str) -> None:
    written = write_storage(read_markdown(markdown))
    assert (written.text, written.lost) == (storage, ())


def test_code_keeps_its_lines_and_cannot_end_itself() -> None:
    text = write_storage(read_markdown("```python\na ]]> b\n<x>\n```")).text
    assert is_well_formed(text)
    assert '<ac:parameter ac:name="language">python</ac:parameter>' in text
    assert "<x>" in text


def test_link_that_is_no_address_becomes_its_words_and_that_is_said() -> None:
    written = write_storage(read_markdown("[w](javascript:alert)"))
    assert "href" not in written.text
    assert written.lost or "[w]" in written.text


@given(st.text())
def test_any_text_stays_inside_its_element(text: str) -> None:
    assert is_well_formed(write_storage(read_plain(text)).text)
    assert is_well_formed(write_storage(read_markdown(text)).text)
    assert is_well_formed(literal_cell(text))
