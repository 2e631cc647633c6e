"""Text from events comes out of each markup as it went in, and never acts."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.text.characters import tidy
from bridge.text.escape import ESCAPES, escape_markdown
from bridge.text.markdown import read_markdown
from bridge.text.tree import (
    Code,
    CodeBlock,
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
from bridge.text.wiki import escape, unescape
from tests.text.wiki_reader import literal_of

PIECES = st.sampled_from(
    [
        *"\\`*_{}[]()<>#+-.!|~&:;=?^\"'@ \t\n\r",
        "\r\n",
        "\x00",
        "\u202e",
        "\u200f",
        "\u2028",
        "\xa0",
        "\u3000",
        "1. ",
        "1)",
        "- - -",
        "---",
        "===",
        "    code",
        "```",
        "~~~",
        "~~",
        "**",
        "__",
        "![x](http://e.example/i.png)",
        "[x](javascript:alert(1))",
        "[x]: http://e.example",
        "<http://e.example>",
        "https://e.example/a_b?c=d&e=f",
        "<script>",
        "<!--",
        "&amp;",
        "&#42;",
        "|-|-|",
        ":-:",
        "# ",
        "> ",
        "h1. ",
        "bq. ",
        "{code}",
        "{noformat}",
        "{quote}",
        "[~admin]",
        "!picture.png!",
        "||",
        "(y)",
        ":)",
        ":D",
        "a",
        "Z",
        "0",
        "word ",
        "é",
        "😀",
        "e\u0301",
    ]
)
NASTY = st.lists(PIECES | st.characters(), max_size=12).map("".join)


def alone(text: str) -> str:
    """The text as its own document, read back."""
    (block,) = read_markdown(escape_markdown(text)).blocks
    assert isinstance(block, Paragraph)
    assert all(type(part).__name__ in ("Text", "Break") for part in block.content)
    return letters(block.content)


@given(NASTY.filter(bool))
@example("\n")
@example(" a ")
@example("0\n===")
@example("Term\n:-:")
@example("x\\")
@example("!")
def test_markdown_gives_escaped_text_back_as_it_was(text: str) -> None:
    assert alone(text) == tidy(text)


@given(NASTY.filter(lambda text: bool(text.strip())))
def test_markdown_text_between_words_stays_literal(text: str) -> None:
    (block,) = read_markdown(f"before {escape_markdown(text)} after").blocks
    assert isinstance(block, Paragraph)
    assert letters(block.content) == f"before {tidy(text)} after"


@given(NASTY.filter(lambda text: bool(text.strip())))
def test_markdown_text_stays_literal_in_every_block(text: str) -> None:
    inside = escape_markdown(text)
    source = (
        f"# {inside}\n\n* {inside}\n* b\n\n> {inside}\n\n"
        f"| {inside} | h |\n|---|---|\n| {inside} | c |\n"
    )
    heading, bullets, quote, table = read_markdown(source).blocks
    assert isinstance(heading, Heading)
    assert letters(heading.content) == tidy(text)
    assert isinstance(bullets, ListBlock)
    assert len(bullets.items) == 2
    (item,) = bullets.items[0]
    assert isinstance(item, Paragraph)
    assert letters(item.content) == tidy(text)
    assert isinstance(quote, Quote)
    (quoted,) = quote.blocks
    assert isinstance(quoted, Paragraph)
    assert letters(quoted.content) == tidy(text)
    assert isinstance(table, Table)
    assert [letters(cell) for row in (table.header, *table.rows) for cell in row] == [
        tidy(text),
        "h",
        tidy(text),
        "c",
    ]


@given(NASTY.filter(lambda text: bool(text.strip())))
@example("\\\u3000")
def test_markdown_text_stays_literal_in_code(text: str) -> None:
    inside = escape_markdown(text)
    span, fence = read_markdown(f"a `{inside}` b\n\n```\n{inside}\n```\n").blocks
    assert isinstance(span, Paragraph)
    before, code, after = span.content
    assert (before, after) == (Text("a "), Text(" b"))
    assert code == Code(tidy(text).replace("\n", " "))
    assert fence == CodeBlock(tidy(text))


def test_other_references_in_an_authors_code_stay() -> None:
    (block,) = read_markdown("```\n&#8364; &#55296; &amp;\n```").blocks
    assert block == CodeBlock("&#8364; &#55296; &amp;")


def test_markdown_author_markup_around_event_text_still_acts() -> None:
    (block,) = read_markdown(f"**{escape_markdown('*x*')}**").blocks
    assert block == Paragraph((Strong((Text("*x*"),)),))


def test_markdown_event_text_cannot_leave_the_target_of_an_authors_link() -> None:
    target = escape_markdown("https://e.example/a_(b)|c")
    (block,) = read_markdown(f"[x]({target})").blocks
    assert isinstance(block, Paragraph)
    (link,) = block.content
    assert isinstance(link, Link)
    assert link.target.startswith("https://e.example/a_(b)")


def test_markdown_words_and_dates_stay_readable() -> None:
    assert escape_markdown("On 2026-11-21: snake_case, 3.5 and more!?") == (
        "On 2026-11-21: snake_case, 3.5 and more!?"
    )


@pytest.mark.parametrize("piece", ["[", "*", "_", "`", "<", "&", "\\", "\n", "![](", "a_", "> "])
def test_hundred_kilobytes_on_one_line_are_read_in_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.monotonic()
    assert alone(text) == text
    assert (
        time.monotonic() - started < 10
    )  # generous: the machine may be busy; quadratic is minutes


@given(NASTY)
def test_wiki_text_stays_literal_inside_an_authors_line(text: str) -> None:
    assert literal_of("x" + ESCAPES["wiki"](text) + "x") == "x" + tidy(text) + "x"


def test_plain_text_loses_only_control_characters() -> None:
    assert ESCAPES["plain"]("a\x00b\r\nc *d*") == "a\ufffdb\nc *d*"


@given(NASTY)
@example("\\ \\\\ &amp; &#92; h1. x\n# y :D snake_case")
def test_escaped_wiki_text_is_read_back_as_it_was(text: str) -> None:
    assert unescape(escape(text)) == text
