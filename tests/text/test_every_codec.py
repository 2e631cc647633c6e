"""What holds for every codec and every pair: hostile text stays text, nothing is lost unsaid."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.text.adf import write_adf
from bridge.text.adf_reader import read_adf
from bridge.text.characters import CONTROL, length
from bridge.text.cut import fit
from bridge.text.escape import decode_references
from bridge.text.gfm import write_markdown
from bridge.text.markdown import read_markdown
from bridge.text.mrkdwn import write_mrkdwn
from bridge.text.plain import read_plain, write_plain
from bridge.text.storage import write_storage
from bridge.text.tree import (
    Break,
    Document,
    Link,
    Paragraph,
    Table,
    Text,
    Written,
    letters,
)
from bridge.text.wiki import write_wiki
from bridge.text.wiki_reader import read_wiki
from tests.text.trees import ANY_TEXT, DOCUMENTS, HOSTILE, words

Writer = Callable[[Document], Written]


@dataclass(frozen=True)
class Codec:
    """write, and what reads it back."""

    name: str
    write: Writer
    read: Callable[[str], Document]

    def again(self, document: Document) -> Document:
        return self.read(self.write(document).text)


CODECS = (
    Codec("wiki", write_wiki, read_wiki),
    Codec("adf", write_adf, lambda text: read_adf(json.loads(text))),
    Codec("markdown", write_markdown, read_markdown),
)
WRITERS: tuple[Writer, ...] = (
    *(codec.write for codec in CODECS),
    write_mrkdwn,
    write_storage,
    write_plain,
)
PAIRS = [(one, other) for one in CODECS for other in CODECS if one is not other]


def named(value: object) -> str:
    return value.name if isinstance(value, Codec) else getattr(value, "__name__", str(value))


def seen(document: Document) -> str:
    """All words. References are undone: our Markdown reader does so in code too, for authors."""
    return decode_references(words(document))


def links(document: Document) -> list[str]:
    """The targets of all links in paragraphs and cells."""
    found: list[str] = []
    for block in document.blocks:
        contents = (
            [block.content] if isinstance(block, Paragraph)
            else [cell for row in (block.header, *block.rows) for cell in row]
            if isinstance(block, Table) else []
        )  # fmt: skip
        found += [one.target for content in contents for one in content if isinstance(one, Link)]
    return found


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
@given(document=DOCUMENTS)
@settings(max_examples=20)
def test_words_survive_the_way_from_one_markup_into_another(
    pair: tuple[Codec, Codec], document: Document
) -> None:
    first, second = pair
    read = first.again(document)
    written = second.write(read)
    if not written.lost:
        assert seen(second.read(written.text)) == seen(read)


@pytest.mark.parametrize("codec", CODECS, ids=named)
@given(document=DOCUMENTS)
@settings(max_examples=30)
def test_what_is_written_is_read_as_the_same_words_unless_a_loss_is_said(
    codec: Codec, document: Document
) -> None:
    written = codec.write(document)
    if not written.lost:
        assert seen(codec.read(written.text)) == seen(document)


@pytest.mark.parametrize("codec", CODECS, ids=named)
@given(text=ANY_TEXT.filter(str.strip))
@settings(max_examples=30)
@example("\\![a](http://x.example/)")
@example("[~admin] @channel {code}")
def test_hostile_words_make_no_link_no_macro_and_no_call(codec: Codec, text: str) -> None:
    again = codec.again(Document((Paragraph((Text(text),)),)))
    assert all(isinstance(one, Paragraph) for one in again.blocks)
    shown = "".join(letters(one.content) for one in again.blocks if isinstance(one, Paragraph))
    assert shown.split() == text.split()
    # A bare address is a link of its own in every one of them, and leads where it says.
    assert all(target in text for target in links(again))


@pytest.mark.parametrize("codec", CODECS, ids=named)
@given(words_before=ANY_TEXT, target=st.sampled_from(("https://a.example/b", "mailto:a@b.c")))
@settings(max_examples=20)
@example("!", "https://a.example/b")
@example("\\!", "https://a.example/b")
@example("\\", "https://a.example/b")
def test_link_behind_hostile_words_is_a_link_and_no_picture(
    codec: Codec, words_before: str, target: str
) -> None:
    content = (Text(words_before), Link(target, (Text("words"),)))
    again = codec.again(Document((Paragraph(content),)))
    assert target in links(again)
    assert not again.lost


@pytest.mark.parametrize("codec", CODECS, ids=named)
@given(rows=st.lists(st.lists(ANY_TEXT, min_size=3, max_size=3), min_size=1, max_size=4))
@settings(max_examples=20)
@example([["\u202eab|", "\u200f||", "\\"], ["{code}", "a\\", "||x||"]])
def test_no_text_leaves_its_cell(codec: Codec, rows: list[list[str]]) -> None:
    cells = [tuple((Text(text),) for text in row) for row in rows]
    head = ((Text("A"),), (Text("B"),), (Text("C"),))
    (table,) = codec.again(Document((Table(head, tuple(cells)),))).blocks
    assert isinstance(table, Table)
    seen = [[letters(cell).split() for cell in row] for row in table.rows]
    assert seen == [[text.split() for text in row] for row in rows]


@pytest.mark.parametrize("write", WRITERS, ids=named)
@given(document=DOCUMENTS, limit=st.integers(60, 1_500))
@settings(max_examples=20)
def test_no_limit_is_exceeded(write: Writer, document: Document, limit: int) -> None:
    assert length(fit(document, limit, write).text) <= limit


@pytest.mark.parametrize("write", WRITERS, ids=named)
@given(
    text=st.text(
        alphabet=st.sampled_from("\x00\x07\x1b\x7f\x9f\ud800\ufffea\u202e\u200f"), max_size=9
    )
)
@settings(max_examples=20)
def test_control_characters_go_and_directions_stay(write: Writer, text: str) -> None:
    written = write(read_plain(f"x{text}x")).text
    assert not CONTROL.search(written)
    for mark in "\u202e\u200f":
        assert written.count(mark) == text.count(mark)


@pytest.mark.parametrize("write", WRITERS, ids=named)
@pytest.mark.parametrize("piece", ["[", "*a_", "||", "<b", "&#", "`", "\\!", "\u202e"])
def test_line_of_100_kb_is_written_in_one_go(write: Writer, piece: str) -> None:
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    document = Document((Paragraph((Text(text),)), Table(((Text("A"),),), (((Text(text),),),))))
    assert len(write(document).text) >= 200_000


@given(texts=st.lists(st.sampled_from(HOSTILE), max_size=8))
@settings(max_examples=20)
def test_confluence_and_slack_never_act_on_words(texts: list[str]) -> None:
    content = tuple(part for text in texts for part in (Text(text), Break()))
    document = Document((Paragraph(content), Table((content,), ((content,),))))
    storage = write_storage(document).text
    root = ET.fromstring(f'<r xmlns:ac="a" xmlns:ri="r">{storage}</r>')
    assert {one.tag for one in root.iter()} <= {
        "r", "p", "br", "table", "tbody", "tr", "th", "td"
    }  # fmt: skip
    assert not re.search(r"<(?!/?\w*>)", write_mrkdwn(document).text)
