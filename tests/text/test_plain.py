"""Plain text: read literally, and written from any document without markup."""

from __future__ import annotations

from bridge.text.markdown import read_markdown
from bridge.text.plain import read_plain, write_plain
from bridge.text.tree import Break, Document, Paragraph, Table, Text
from bridge.text.wiki import write_wiki


def test_every_block_is_readable_without_markup() -> None:
    source = (
        "# Title\n\nSome **hard** `code` [words](https://a.example/x) <https://b.example>.\n\n"
        "1. one\n   * two\n2. three\n\n> said\n\n---\n\n```\nx  y\n```\n\n|A|B|\n|-|-|\n|1|2|\n"
    )
    assert write_plain(read_markdown(source)).text == (
        "Title\n\nSome hard code words (https://a.example/x) https://b.example.\n\n"
        "1. one\n  - two\n2. three\n\n> said\n\n---\n\nx  y\n\nA | B\n1 | 2"
    )


def test_plain_text_is_literal_and_keeps_its_paragraphs() -> None:
    assert read_plain("a *b*\r\nc\n \n\nd").blocks == (
        Paragraph((Text("a *b*"), Break(), Text("c"))),
        Paragraph((Text("d"),)),
    )


def test_empty_text_is_an_empty_document() -> None:
    assert read_plain(" \n\n").blocks == ()
    assert write_plain(Document(())).text == ""


def test_table_without_a_header_has_only_its_rows() -> None:
    table = Document((Table((), (((Text("1"),),),)),))
    assert write_plain(table).text == "1"
    assert write_wiki(table).text == "| 1 |"


def test_code_in_a_list_stands_below_its_item_and_is_reported() -> None:
    written = write_wiki(read_markdown("* a\n\n  ```\n  x\n  ```\n* b"))
    assert written.text == "* a\n\n{code}\nx\n{code}\n\n* b"
    assert written.lost == ("a block inside a list stands below its item",)


def test_quote_inside_a_quote_becomes_part_of_it_and_is_reported() -> None:
    written = write_wiki(read_markdown("> a\n>\n> > b"))
    assert written.text == "{quote}\na\n\nb\n{quote}"
    assert len(written.lost) == 1


def test_indented_code_is_code() -> None:
    assert write_wiki(read_markdown("    x *y*")).text == "{code}\nx *y*\n{code}"
