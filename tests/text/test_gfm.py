"""Markdown written from the tree: read again it is the same words in the same blocks."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.text.characters import tidy
from bridge.text.escape import escape_markdown
from bridge.text.gfm import escape_line, write_markdown, write_markdown_table
from bridge.text.markdown import read_markdown
from bridge.text.tree import (
    Block,
    CodeBlock,
    Document,
    Heading,
    Link,
    ListBlock,
    Paragraph,
    Quote,
    Strong,
    Table,
    Text,
    letters,
)

PIECES = (
    *("*", "**", "_", "~~", "`", "``", "[a](http://x.example/)", "<b>", "&amp;", "|", "#"),
    *("\n", "\n\n", "- ", "1. ", "> ", "```\n", "a", "b c", " ", "\\", "!", "=", "---", "é"),
)


def words(blocks: tuple[Block, ...]) -> list[object]:
    return [found for one in blocks if (found := words_of(one)) != ("p", [])]


def words_of(block: Block) -> object:
    """What a reader sees of a block: its kind and its words; nothing of an empty paragraph."""
    match block:
        case Paragraph(content):
            return ("p", letters(content).split())
        case Heading(level, content):
            return ("h", level, letters(content).split())
        case ListBlock(ordered, items):
            return ("l", ordered, [words(item) for item in items])
        case CodeBlock(text, _):
            return ("c", text)
        case Quote(blocks):
            return ("q", words(blocks))
        case Table(header, rows):
            cells = [[" ".join(letters(cell).split()) for cell in row] for row in (header, *rows)]
            return ("t", cells)
        case _:
            return ("r",)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("# A heading", "# A heading"),
        ("One *two* **three** ~~four~~ `five`", "One *two* **three** ~~four~~ `five`"),
        ("- a\n- b\n  - c\n\n1. d\n2. e", "- a\n- b\n  - c\n\n1. d\n2. e"),
        ("> quoted\n> words", "> quoted words"),
        ("```python\nx = 1\n```", "```python\nx = 1\n```"),
        ("a  \nb", "a\\\nb"),
        ("[x](https://a.example/b?c=d)", "[x](https://a.example/b?c=d)"),
        ("| a | b |\n|---|---|\n| 1 | `x\\|y` |", "| a | b |\n| --- | --- |\n| 1 | `x\\|y` |"),
        ("- [ ] to do\n- [x] done", "- [ ] to do\n- [x] done"),
    ],
)
def test_ordinary_markdown_stays_as_it_is(source: str, written: str) -> None:
    assert write_markdown(read_markdown(source)).text == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("# no heading", "\\# no heading"),
        ("1. no list", "1\\. no list"),
        ("- no item", "\\- no item"),
        ("*not bold* <b>", "\\*not bold\\* \\<b\\>"),
        ("snake_case stays", "snake_case stays"),
        ("&lt; stays", "\\&lt; stays"),
    ],
)
def test_literal_text_is_escaped(text: str, written: str) -> None:
    assert write_markdown(Document((Paragraph((Text(text),)),))).text == written
    assert escape_line(text) == written


def test_emphasis_in_a_link_that_markdown_cannot_write_becomes_words() -> None:
    link = Link("https://a.example", (Text("0"), Strong((Text("{code}"),))))
    written = write_markdown(Document((Paragraph((link,)),)))
    assert written.text == "[0{code}](https://a.example)"
    assert written.lost == ("emphasis that Markdown cannot write became plain words",)


def test_link_to_no_web_address_becomes_its_words_and_is_reported() -> None:
    written = write_markdown(Document((Paragraph((Link("ftp://x/", (Text("x"),)),)),)))
    assert written.text == "x"
    assert "no http, https or mailto" in written.lost[0]


@settings(max_examples=400)
@example("- - -\n  - a\n")
@example("- - - a")
@example("\\![a](http://x.example/)")
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_what_is_written_reads_as_the_same_words_in_the_same_blocks(source: str) -> None:
    document = read_markdown(source)
    again = read_markdown(write_markdown(document).text)
    assert words(again.blocks) == words(document.blocks)


@settings(max_examples=300)
@given(st.text(max_size=60))
def test_text_of_an_event_is_never_markup(text: str) -> None:
    document = read_markdown(escape_markdown(text))
    again = read_markdown(write_markdown(document).text)
    assert all(isinstance(one, Paragraph) for one in again.blocks)
    assert words(again.blocks) == words(document.blocks)


@settings(max_examples=200)
@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), min_size=1, max_size=4))
def test_cells_never_leave_their_table(rows: list[list[str]]) -> None:
    (table,) = read_markdown(write_markdown_table(["A", "B"], rows)).blocks
    assert isinstance(table, Table)
    assert len(table.rows) == len(rows)
    for row, cells in zip(rows, table.rows, strict=True):
        assert len(cells) == 2
        shown = ["".join(letters(cell).split()) for cell in cells]
        assert shown == ["".join(tidy(cell).split()) for cell in row]
