"""Jira's wiki markup, read: what `wiki.py` writes comes back, and so does what people write."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.text.characters import length
from bridge.text.cut import fit
from bridge.text.gfm import write_markdown
from bridge.text.plain import read_plain, write_plain
from bridge.text.tree import (
    Document,
    ListBlock,
    Paragraph,
    Quote,
    Table,
    Text,
    letters,
)
from bridge.text.wiki import write_table, write_wiki
from bridge.text.wiki_reader import read_wiki
from tests.text.trees import ANY_TEXT, DOCUMENTS, HOSTILE, words


def markdown(text: str) -> str:
    return write_markdown(read_wiki(text)).text


@pytest.mark.parametrize(
    ("wiki", "expected"),
    [
        ("plain words", "plain words"),
        ("a *b* _c_ -d- {{e}}", "a **b** *c* ~~d~~ `e`"),
        ("*_both_*", "***both***"),
        ("2026-11-21 a-b snake_case 2*3*4", "2026-11-21 a-b snake_case 2\\*3\\*4"),
        ("a{*}b{*}c", "a**b**c"),
        ("\\*not bold\\*", "\\*not bold\\*"),
        ("back &#92; slash &amp;amp;", "back \\\\ slash \\&amp;"),
        ("one\ntwo\n\nthree", "one\\\ntwo\n\nthree"),
        ("one\\\\ two", "one\\\ntwo"),
        ("h2. Title *x*", "## Title **x**"),
        ("bq. said", "> said"),
        ("----", "***"),
        ("* a\n** b\n* c", "- a\n  - b\n- c"),
        ("# a\n#* b\n# c", "1. a\n   - b\n2. c"),
        ("- a\n- b", "- a\n- b"),
        ("* a\nmore of a\n* b", "- a\\\n  more of a\n- b"),
        ("||A||B||\n|1|2|", "| A | B |\n| --- | --- |\n| 1 | 2 |"),
        ("| a \\| b | [x|http://e.example/] |", "| a \\| b | [x](http://e.example/) |"),
        ("{code:python}\nx = {1}\n{code}", "```python\nx = {1}\n```"),
        ("{code:title=a.py|python}\nx\n{code}", "**a.py**\n\n```python\nx\n```"),
        ("{noformat}\n{code}\n{noformat}", "```\n{code}\n```"),
        ("{quote}\na\n\n* b\n{quote}", "> a\n>\n> - b"),
        ("[https://a.example/?b=c&d]", "[https://a.example/?b=c&d](https://a.example/?b=c&d)"),
        ("[words|https://a.example/]", "[words](https://a.example/)"),
        ("see https://a.example/b.", "see [https://a.example/b](https://a.example/b)."),
        ("[~ada] and [~accountid:5b:1]", "@ada and @5b:1"),
        ("[not a link]", "\\[not a link\\]"),
        ("{anchor:x}here", "here"),
        ("{unknown} {code}", "{unknown} {code}"),
        ("*never closed", "\\*never closed"),
        ("a * b * c", "a \\* b \\* c"),
    ],
)
def test_each_thing_people_write_is_read(wiki: str, expected: str) -> None:
    shown = markdown(wiki)
    if wiki.startswith("| a"):  # no header: Markdown shows an empty one above
        shown = shown.split("\n")[-1]
    assert shown == expected


@pytest.mark.parametrize(
    ("wiki", "lost"),
    [
        ("{color:red}x{color}", "colours were left out"),
        ("+x+", "underlined words are plain"),
        ("x^2^ ^3^", "raised words are plain"),
        ("??who??", "cited words are plain"),
        ("!https://a.example/b.png|thumbnail!", "an image became a link"),
        ("[x|#there]", "a link to a file or an anchor became its words"),
        ("[x|javascript:alert]", "no http, https or mailto"),
        ("{panel:title=T}x{panel}", "a panel became a quote"),
    ],
)
def test_what_the_tree_has_no_place_for_is_reported(wiki: str, lost: str) -> None:
    document = read_wiki(wiki)
    assert any(lost in one for one in document.lost)
    assert "{" not in write_plain(document).text


@given(DOCUMENTS)
@settings(max_examples=300)
def test_what_is_written_is_read_as_the_same_words(document: Document) -> None:
    written = write_wiki(document)
    if not written.lost:
        assert words(read_wiki(written.text)) == words(document)


@given(ANY_TEXT)
@settings(max_examples=300)
def test_literal_text_comes_back_as_it_was(text: str) -> None:
    document = Document((Paragraph((Text(text),)),))
    seen = read_wiki(write_wiki(document).text)
    assert write_plain(seen).text == text.strip(" \t") or not text.strip()
    assert not seen.lost


@given(
    st.lists(ANY_TEXT.filter(str.strip), min_size=1, max_size=4),
    st.lists(ANY_TEXT, min_size=4, max_size=4),
)
@settings(max_examples=200)
def test_cells_stay_in_their_rows_and_columns(header: list[str], cells: list[str]) -> None:
    rows = [cells[: len(header)]]
    (table,) = read_wiki(write_table(header, rows)).blocks
    assert isinstance(table, Table)
    seen = [
        [" ".join(letters(cell).split()) for cell in row] for row in (table.header, *table.rows)
    ]
    assert seen == [[" ".join(cell.split()) for cell in row] for row in (header, *rows)]


@given(
    st.one_of(
        st.lists(st.sampled_from((*HOSTILE, "\n", "\n\n")), max_size=40).map("".join), st.text()
    )
)
@settings(max_examples=300)
def test_nothing_is_refused(text: str) -> None:
    write_wiki(read_wiki(text))


@given(DOCUMENTS, st.integers(40, 2_000))
@settings(max_examples=100)
def test_no_limit_is_exceeded(document: Document, limit: int) -> None:
    assert length(fit(document, limit, write_wiki).text) <= limit


@pytest.mark.parametrize(
    "piece",
    ["*a ", "{{a", "[a", "[", "!a", "{code}", "{quote}", "|", "||", "\\", "&#", "_*-+^~", "?"],
)
def test_long_line_of_openings_is_read_in_one_go(piece: str) -> None:
    """100 KB of each: what looks for its end again at every opening would not come back."""
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    read_wiki(text)
    written = write_wiki(read_plain(text))
    assert words(read_wiki(written.text)) == words(read_plain(text))


def test_quotes_deep_inside_each_other_stay_text() -> None:
    text = "".join(f"{{{name}}}" for name in ("quote", "panel") * 50)
    read_wiki(text + "x" + text)
    (quote,) = read_wiki("{quote}{panel}{quote}x{quote}{panel}{quote}").blocks[:1]
    assert isinstance(quote, Quote)


def test_lists_skip_depths_without_losing_items() -> None:
    (found,) = read_wiki("*** deep\n* flat\n**** deeper").blocks
    assert isinstance(found, ListBlock)
    assert words(Document((found,))) == "deepflatdeeper"
