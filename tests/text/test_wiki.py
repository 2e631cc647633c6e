"""Jira's wiki markup as we write it."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from bridge.text.characters import tidy
from bridge.text.markdown import read_markdown
from bridge.text.plain import read_plain
from bridge.text.tree import (
    CodeBlock,
    Document,
    Emphasis,
    Link,
    ListBlock,
    Paragraph,
    Strong,
    Table,
    Text,
    literal,
)
from bridge.text.wiki import write_table, write_wiki
from tests.text.test_escape import NASTY
from tests.text.wiki_reader import literal_of, split_row


def wiki(markdown: str) -> str:
    return write_wiki(read_markdown(markdown)).text


def test_every_block_has_its_markup() -> None:
    source = (
        "## Title\n\nSome *soft* and **hard** ~~gone~~ `code` [words](https://a.example/x).\n\n"
        "* one\n  1. two\n\n> said\n\n---\n\n```python\nprint()\n```\n\n|A|B|\n|-|-|\n|1||\n"
    )
    assert wiki(source) == (
        "h2. Title\n\n"
        "Some _soft_ and *hard* -gone- {{code}} [words|https://a.example/x].\n\n"
        "* one\n*# two\n\n{quote}\nsaid\n{quote}\n\n----\n\n"
        "{code:python}\nprint()\n{code}\n\n|| A || B ||\n| 1 |   |"
    )


def test_signs_within_a_word_get_braces() -> None:
    assert wiki("a**b**c") == "a{*}b{*}c"


def test_breaks_in_a_paragraph_are_line_ends_and_start_no_list() -> None:
    text = write_wiki(read_plain("a\n# b\n* c\nh1. d\n---- \nbq. e")).text
    assert text == "a\n\\# b\n\\* c\nh1&#46; d\n\\-\\-\\-\\-\nbq&#46; e"


def test_code_holding_a_code_macro_cannot_end_early() -> None:
    written = write_wiki(Document((CodeBlock("x {code} y"), Paragraph((Text("z"),)))))
    assert written.text == "{noformat}\nx {code} y\n{noformat}\n\nz"
    assert written.lost == ()


def test_code_holding_both_code_macros_is_changed_and_says_so() -> None:
    written = write_wiki(Document((CodeBlock("{CODE} {noformat} y"),)))
    assert written.text == "{noformat}\n{CODE} {\u200bnoformat} y\n{noformat}"
    assert len(written.lost) == 1


def test_words_behind_a_list_in_an_item_come_before_it_and_it_says_so() -> None:
    inner, words = ListBlock(False, ((Paragraph((Text("a"),)),),)), Paragraph((Text("b"),))
    assert write_wiki(Document((ListBlock(False, ((words, inner),)),))).lost == ()
    written = write_wiki(Document((ListBlock(False, ((inner, words),)),)))
    assert written.text == "* b\n** a"
    assert written.lost == ("words behind a list inside an item stand before it",)


def test_sign_that_a_letter_touches_through_a_phrase_of_the_same_kind_has_braces() -> None:
    inner = Emphasis((Strong((Text("b"),)),))
    document = Document((Paragraph((Emphasis((Text("a"), inner)),)),))
    assert write_wiki(document).text == "_a{*}b{*}_"


def test_unknown_code_language_is_left_out() -> None:
    assert wiki("```java|title=x}\nx\n```") == "{code}\nx\n{code}"


def test_link_to_another_scheme_becomes_its_words() -> None:
    written = write_wiki(Document((Paragraph((Link("javascript:x", (Text("w|"),)),)),)))
    assert written.text == "w\\|"
    assert "became its words" in written.lost[0]


def test_target_of_a_link_cannot_end_it() -> None:
    written = write_wiki(
        Document((Paragraph((Link("https://e.example/]|{a}\n b", (Text("w"),)),)),))
    )
    assert written.text == "[w|https://e.example/%5D%7C%7Ba%7D%0A%20b]"


def test_image_becomes_a_link_and_says_so() -> None:
    written = write_wiki(read_markdown("![alt](https://e.example/i.png)"))
    assert written.text == "[alt|https://e.example/i.png]"
    assert written.lost == ("an image became a link",)


def test_html_is_text() -> None:
    assert wiki("<b>x</b>") == "<b>x</b>"


def test_table_has_the_form_of_the_progress_table() -> None:
    assert write_table(["Date", "Cut", "Completed"], [["2026-11-21", "3", ""]]) == (
        "|| Date || Cut || Completed ||\n| 2026-11-21 | 3 |   |"
    )


@given(st.lists(st.lists(NASTY, min_size=2, max_size=2), min_size=1, max_size=3))
def test_table_cells_come_out_as_they_were(rows: list[list[str]]) -> None:
    lines = write_table(["a", "b"], rows).split("\n")
    assert len(lines) == 1 + len(rows)
    for line, row in zip(lines[1:], rows, strict=True):
        assert [literal_of(cell).strip() for cell in split_row(line)] == [
            tidy(cell).strip() for cell in row
        ]


def bare(text: str) -> str:
    """Without blanks at the ends of lines and empty lines around, which no page shows."""
    return "\n".join(line.strip(" ") for line in text.split("\n")).strip("\n")


@given(NASTY)
@example("\\\n ")
@example("a\u2028# b")
@example("\xa0# b")
def test_literal_paragraph_never_acts(text: str) -> None:
    written = write_wiki(Document((Paragraph(literal(tidy(text))),))).text
    shown = literal_of(written.replace("\n", r" \\ "))
    assert bare(shown) == bare(tidy(text))
    for line in written.split("\n"):
        assert not line.lstrip().startswith(("#", "* ", "- ", "h1.", "bq.", "|", "----"))


@given(st.text())
def test_any_markdown_can_be_written(text: str) -> None:
    written = write_wiki(read_markdown(text)).text
    assert len(re.findall(r"(?<!\\)\{code", written)) % 2 == 0


def test_table_without_rows_is_its_header() -> None:
    table = Table(((Text("A"),),), ())
    assert write_wiki(Document((table,))).text == "|| A ||"
