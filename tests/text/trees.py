"""Documents for properties: any tree that a reader could give, with the worst texts in it."""

from __future__ import annotations

from hypothesis import strategies as st

from bridge.text.characters import tidy
from bridge.text.tree import (
    Block,
    Break,
    Code,
    CodeBlock,
    Document,
    Emphasis,
    Heading,
    Inline,
    Link,
    ListBlock,
    Paragraph,
    Quote,
    Rule,
    Strong,
    Struck,
    Table,
    Text,
    letters,
)

HOSTILE = (
    *("{code}", "{quote}", "{color:red}", "{anchor:x}", "{noformat}", "[~admin]", "[x|http://e]"),
    *("||", "|", "\\\\", "\\", "*", "_", "-", "--", "----", "+", "^", "~", "??", "!a.png!", "{{"),
    *("}}", "h1. ", "bq. ", "# ", "* ", "&amp;", "&#92;", "(/)", ":D", "@here", "<b>", "`", "```"),
    *("\u202e", "\u200f", "é", "\U0001f600", "\ufffd", "a", "b c", " ", "http://x.example/", "#"),
)
TEXTS = st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=6).map("".join)
ANY_TEXT = st.one_of(TEXTS, st.text(max_size=12)).map(lambda text: tidy(text).replace("\n", " "))
TARGETS = st.sampled_from(("https://a.example/b?c=d&e=f", "http://x.example/(1)", "mailto:a@b.c"))

INLINES = st.recursive(
    st.one_of(ANY_TEXT.map(Text), ANY_TEXT.map(Code), st.just(Break())),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda content: Strong(tuple(content))),
        st.lists(inner, max_size=3).map(lambda content: Emphasis(tuple(content))),
        st.lists(inner, max_size=3).map(lambda content: Struck(tuple(content))),
        st.tuples(TARGETS, ANY_TEXT.filter(str.strip)).map(
            lambda pair: Link(pair[0], (Text(pair[1]),))
        ),
    ),
    max_leaves=5,
)
CONTENTS = st.lists(INLINES, max_size=4).map(tuple)
CODE = st.lists(ANY_TEXT, max_size=3).map("\n".join)
ROWS = st.lists(st.lists(CONTENTS, max_size=3).map(tuple), max_size=3).map(tuple)
TABLES = st.tuples(st.lists(CONTENTS, min_size=1, max_size=3).map(tuple), ROWS).map(
    lambda pair: Table(*pair)
)
BLOCKS: st.SearchStrategy[Block] = st.recursive(
    st.one_of(
        CONTENTS.map(Paragraph),
        st.tuples(st.integers(1, 6), CONTENTS).map(lambda pair: Heading(*pair)),
        st.tuples(CODE, st.sampled_from(("", "python", "x y|z}"))).map(
            lambda pair: CodeBlock(*pair)
        ),
        TABLES,
        st.just(Rule()),
    ),
    lambda inner: st.one_of(
        st.tuples(
            st.booleans(), st.lists(st.lists(inner, max_size=2).map(tuple), max_size=3).map(tuple)
        ).map(lambda pair: ListBlock(*pair)),
        st.lists(inner, max_size=2).map(lambda blocks: Quote(tuple(blocks))),
    ),
    max_leaves=6,
)
DOCUMENTS = st.lists(BLOCKS, max_size=4).map(lambda blocks: Document(tuple(blocks)))


def words(document: Document) -> str:
    """All that a person reads, without blanks: what no codec may lose, add or reorder."""
    return "".join("".join(map(_words, document.blocks)).split())


def _words(block: Block) -> str:
    match block:
        case Paragraph(content) | Heading(_, content):
            return letters(content)
        case CodeBlock(text, _):
            return text
        case ListBlock(_, items):
            return "".join(_words(one) for item in items for one in item)
        case Quote(blocks):
            return "".join(map(_words, blocks))
        case Table(header, rows):
            return "".join(letters(cell) for row in (header, *rows) for cell in row)
        case Rule():
            return ""


def plain(content: tuple[Inline, ...]) -> bool:
    """Whether nothing in a content is marked."""
    return all(isinstance(one, Text | Break) for one in content)
