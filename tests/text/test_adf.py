"""ADF: what is written satisfies Atlassian's schema, and reads as the same words again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.event import JSON
from bridge.text.adf import adf_table, adf_text, write_adf
from bridge.text.adf_reader import read_adf, words_of
from bridge.text.characters import length, tidy
from bridge.text.cut import fit
from bridge.text.gfm import write_markdown
from bridge.text.markdown import read_markdown
from bridge.text.mrkdwn import write_mrkdwn
from bridge.text.plain import write_plain
from bridge.text.targets import NO_ADDRESS, TARGET_LIMIT
from bridge.text.tree import (
    Block,
    Break,
    Code,
    CodeBlock,
    Document,
    Heading,
    Link,
    ListBlock,
    Paragraph,
    Quote,
    Rule,
    Strong,
    Table,
    Text,
    Written,
)
from bridge.text.wiki import write_wiki
from bridge.text.wiki_reader import read_wiki
from tests.text.trees import DOCUMENTS, words

SCHEMA = Path(__file__).resolve().parents[2] / "../shared/specs/adf-schema-v1.json"


@cache
def validator() -> jsonschema_rs.Draft4Validator:
    if not SCHEMA.exists():
        pytest.skip("adf-schema-v1.json is not beside this checkout")
    return jsonschema_rs.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def holds(document: JSON) -> None:
    errors = [error.message[:200] for error in validator().iter_errors(document)]
    assert not errors, (errors[:3], document)


def written(document: Document) -> JSON:
    return json.loads(write_adf(document).text)  # type: ignore[no-any-return]


@given(DOCUMENTS)
@settings(max_examples=150)
def test_every_document_satisfies_the_schema(document: Document) -> None:
    holds(written(document))


@given(DOCUMENTS)
@settings(max_examples=200)
def test_words_come_back_and_a_second_round_changes_nothing(document: Document) -> None:
    adf = write_adf(document)
    again = read_adf(json.loads(adf.text))
    if not any("table" in one or "left out" in one for one in adf.lost):
        assert words(again) == words(document)
    twice = read_adf(written(again))
    assert twice.blocks == read_adf(written(twice)).blocks


@given(DOCUMENTS, st.integers(60, 2_000))
@settings(max_examples=100)
def test_no_limit_is_exceeded_and_what_is_cut_is_whole(document: Document, limit: int) -> None:
    fitted = fit(document, limit, write_adf)
    assert length(fitted.text) <= limit
    if fitted.text:
        holds(json.loads(fitted.text))


@pytest.mark.parametrize(
    ("markdown", "node"),
    [
        ("words", {"type": "paragraph", "content": [{"type": "text", "text": "words"}]}),
        (
            "## t",
            {
                "type": "heading",
                "content": [{"type": "text", "text": "t"}],
                "attrs": {"level": 2},
            },
        ),
        (
            "```python\nx\n```",
            {
                "type": "codeBlock",
                "content": [{"type": "text", "text": "x"}],
                "attrs": {"language": "python"},
            },
        ),
        ("---", {"type": "rule"}),
    ],
)
def test_each_block_is_the_node_of_its_name(markdown: str, node: JSON) -> None:
    assert written(read_markdown(markdown)) == {"version": 1, "type": "doc", "content": [node]}


@pytest.mark.parametrize(
    "markdown",
    [
        "One *two* **three** ~~four~~ `five` [six](https://a.example/b)",
        "- a\n- b\n  - c\n\n1. d\n2. e",
        "> quoted\n>\n> - words",
        "| a | b |\n| --- | --- |\n| 1 | **2** |",
        "a\\\nb",
        "# A heading\n\n***\n\n```\ncode\n```",
    ],
)
def test_markdown_comes_back_through_adf(markdown: str) -> None:
    assert (
        write_markdown(read_adf(written(read_markdown(markdown)))).text
        == write_markdown(read_markdown(markdown)).text
    )


@pytest.mark.parametrize(
    "text", ["{code}", "[~admin]", "@here", "</p>", "\x00\ud800", "\u202ex", "||"]
)
def test_hostile_text_is_text(text: str) -> None:
    document = written(Document((Paragraph((Text(text),)),)))
    assert document == {
        "version": 1,
        "type": "doc",
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": tidy(text)}]}],
    }


@pytest.mark.parametrize(
    ("inner", "lost"),
    [
        (Heading(1, (Text("t"),)), "a heading inside a list became bold words"),
        (Quote((Paragraph((Text("t"),)),)), "a quote inside a list became part of it"),
        (Table(((Text("t"),),), ()), "a table inside a list became lines"),
        (Rule(), "a line across a list was left out"),
    ],
)
def test_what_may_not_stand_in_a_list_is_reported(inner: Block, lost: str) -> None:
    document = Document((ListBlock(False, ((inner,),)),))
    assert lost in write_adf(document).lost
    holds(written(document))


def test_link_to_a_script_is_its_words() -> None:
    adf = write_adf(Document((Paragraph((Link("javascript:alert(1)", (Text("x"),)),)),)))
    assert "javascript" not in adf.text
    assert "became its words" in adf.lost[0]


def test_code_in_bold_keeps_the_code() -> None:
    adf = write_adf(Document((Paragraph((Strong((Code("x"),)),)),)))
    assert '"marks":[{"type":"code"}]' in adf.text
    assert "code alone" in adf.lost[0]


def test_rows_of_a_table_are_equally_long() -> None:
    table = adf_table(["a", "b"], [["1"], ["1", "2", "3|x"], []])
    rows = table["content"]
    assert isinstance(rows, list)
    assert [len(row["content"]) for row in rows if isinstance(row, dict)] == [3, 3, 3, 3]  # type: ignore[arg-type]
    holds({"version": 1, "type": "doc", "content": [table]})


def text_node(text: str, *marks: str) -> JSON:
    return {"type": "text", "text": text, "marks": [{"type": mark} for mark in marks]}


@pytest.mark.parametrize(
    ("node", "shown", "lost"),
    [
        ({"type": "panel", "content": [{"type": "paragraph"}]}, ">", "a panel became a quote"),
        (
            {"type": "expand", "attrs": {"title": "More"}, "content": [{"type": "rule"}]},
            "**More**\n\n***",
            "what was folded away stands open",
        ),
        (
            {"type": "blockCard", "attrs": {"url": "https://a.example/"}},
            "[https://a.example/](https://a.example/)",
            "",
        ),
        (
            {
                "type": "taskList",
                "content": [
                    {"type": "taskItem", "attrs": {"state": "DONE"}, "content": [text_node("a")]},
                    # "TODO" and "DONE" are the only states that ADF's schema knows of an item.
                    {"type": "taskItem", "attrs": {"state": "TODO"}, "content": [text_node("b")]},
                ],
            },
            "- [x] a\n- [ ] b",
            "",
        ),
        (
            {
                "type": "paragraph",
                "content": [
                    {"type": "mention", "attrs": {"id": "1", "text": "@Ada"}},
                    {"type": "emoji", "attrs": {"shortName": ":x:"}},
                    {"type": "status", "attrs": {"text": "DONE", "color": "green"}},
                    {"type": "date", "attrs": {"timestamp": "1795262400000"}},
                    {"type": "inlineCard", "attrs": {"url": "https://a.example/"}},
                ],
            },
            "@Ada:x:\\[DONE\\]2026-11-21[https://a.example/](https://a.example/)",
            "",
        ),
        (
            {"type": "paragraph", "content": [text_node("a", "underline", "strong")]},
            "**a**",
            "the mark 'underline' was left out",
        ),
        ({"type": "extension", "attrs": {}}, "", "a macro was left out"),
        (
            {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "1"}}]},
            "",
            "a picture was left out or became a link",
        ),
        (
            {"type": "newNode", "content": [text_node("kept")]},
            "kept",
            "'newNode', which is unknown here, became its text",
        ),
    ],
)
def test_what_the_editor_makes_is_read_and_losses_are_said(
    node: JSON, shown: str, lost: str
) -> None:
    document = read_adf({"version": 1, "type": "doc", "content": [node]})
    assert write_markdown(document).text == shown
    assert any(lost in one for one in document.lost) if lost else not document.lost


def test_cells_hold_their_blocks_one_below_the_other() -> None:
    item: JSON = {
        "type": "listItem",
        "content": [{"type": "paragraph", "content": [text_node("x")]}],
    }
    cell: JSON = {
        "type": "tableCell",
        "attrs": {"colspan": 2},
        "content": [
            {"type": "heading", "attrs": {"level": 3}, "content": [text_node("t")]},
            {"type": "bulletList", "content": [item, item]},
            {"type": "codeBlock", "content": [text_node("a\nb")]},
        ],
    }
    row: JSON = {"type": "tableRow", "content": [cell]}
    document = read_adf({"content": [{"type": "table", "content": [row]}]})
    assert write_plain(document).text == "t • x • x a b"
    assert len(document.lost) == 3


KINDS = st.sampled_from(
    ("paragraph", "table", "tableRow", "tableCell", "text", "bulletList", "taskList", "heading")
) | st.sampled_from(("mention", "date", "panel", "mediaSingle", "media", "codeBlock", "expand"))
NAMES = st.sampled_from(("level", "url", "text", "timestamp", "state", "title", "language"))
NODES: st.SearchStrategy[JSON] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.fixed_dictionaries(
            {"type": st.one_of(inner, KINDS)},
            optional={
                "content": inner,
                "attrs": st.one_of(inner, st.dictionaries(NAMES, inner, max_size=3)),
                "marks": inner,
                "text": inner,
            },
        ),
    ),
    max_leaves=15,
)


@given(NODES)
@settings(max_examples=200)
def test_nothing_is_refused_and_what_comes_of_it_is_sound(value: JSON) -> None:
    document = read_adf({"type": "doc", "content": [value]})
    holds(written(document))
    write_wiki(document)
    words_of(value)


def test_nesting_without_end_is_cut() -> None:
    value: JSON = {"type": "text", "text": "x"}
    for _ in range(5_000):
        value = {"type": "blockquote", "content": [value]}
    document = read_adf(value)
    assert any("deep was left out" in one for one in document.lost)


def test_marks_that_change_with_every_letter_cost_no_more_than_others() -> None:
    """Anybody who may comment can write that; it held everything up for minutes."""
    strong: JSON = {"type": "strong"}
    code: JSON = {"type": "code"}
    nodes: list[JSON] = [
        {"type": "text", "text": "a", "marks": [strong, code] if number % 2 else [strong]}
        for number in range(4_000)
    ]
    started = time.perf_counter()
    (block,) = read_adf(
        {"type": "doc", "content": [{"type": "paragraph", "content": nodes}]}
    ).blocks
    assert time.perf_counter() - started < 5
    assert block == Paragraph((Strong((Text("a"), Code("a")) * 2_000),))


@given(DOCUMENTS)
@settings(max_examples=100)
def test_wiki_and_adf_hold_the_same_words(document: Document) -> None:
    """v2 and v3 of one ticket: what is read from the one can be written as the other."""
    seen = read_wiki(write_wiki(document).text)
    adf = write_adf(seen)
    if not adf.lost:
        assert words(read_adf(json.loads(adf.text))) == words(seen)


def test_size_of_a_document_is_that_of_its_json() -> None:
    block = CodeBlock("é😀", "")
    assert length(adf_text(written(Document((block,))))) == length(
        write_adf(Document((block,))).text
    )


def test_address_is_not_repeated_a_thousand_times_in_one_link() -> None:
    """Each part of a link's words has a mark of its own with the whole address in it."""
    words = tuple(one for number in range(4_000) for one in (Text(f"w{number}"), Break()))
    target = "https://example.com/" + "x" * 7_000
    written = write_adf(Document((Paragraph((Link(target, words),)),)))
    assert written.text.count(target) == 1
    assert "w0 w1 w2" in written.text
    assert written.lost == ("a link of many parts became one of plain words",)


@pytest.mark.parametrize("write", [write_adf, write_markdown, write_mrkdwn, write_wiki])
def test_address_longer_than_any_server_takes_becomes_words(
    write: Callable[[Document], Written],
) -> None:
    link = Link("https://example.com/" + "x" * TARGET_LIMIT, (Text("words"),))
    written = write(Document((Paragraph((link,)),)))
    assert "example.com" not in written.text
    assert written.lost == (NO_ADDRESS,)
