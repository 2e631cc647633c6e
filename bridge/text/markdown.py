"""Markdown into the document tree: CommonMark with tables and strikethrough, without HTML."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bridge.text.characters import tidy
from bridge.text.escape import decode_references
from bridge.text.tree import (
    Block,
    Break,
    Cell,
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
    Row,
    Rule,
    Strong,
    Struck,
    Table,
    Text,
    literal,
)


def read_markdown(text: str) -> Document:
    """Never refuses anything: what is no markup is text, and so is all HTML.

    A line break in the source is a blank, as Markdown has it. An image becomes a link and is
    reported, since a picture is fetched from wherever its address says.
    """
    lost: list[str] = []
    root = SyntaxTreeNode(_reader().parse(tidy(text)))
    return Document(_blocks(root.children, lost), tuple(dict.fromkeys(lost)))


@functools.cache
def _reader() -> MarkdownIt:
    """Made once, at the first use: making one takes half a millisecond."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _blocks(nodes: Sequence[SyntaxTreeNode], lost: list[str]) -> tuple[Block, ...]:
    return tuple(_block(node, lost) for node in nodes)


def _block(node: SyntaxTreeNode, lost: list[str]) -> Block:
    match node.type:
        case "heading":
            return Heading(int(node.tag[1]), _content(node, lost))
        case "bullet_list" | "ordered_list":
            items = tuple(_blocks(item.children, lost) for item in node.children)
            return ListBlock(node.type == "ordered_list", items)
        case "fence" | "code_block":
            language = node.info.split()[0] if node.type == "fence" and node.info.split() else ""
            return CodeBlock(decode_references(node.content.removesuffix("\n")), language)
        case "blockquote":
            return Quote(_blocks(node.children, lost))
        case "table":
            rows = [_row(row, lost) for part in node.children for row in part.children]
            return Table(rows[0], tuple(rows[1:]))
        case "hr":
            return Rule()
        case _:
            return Paragraph(_content(node, lost))


def _row(node: SyntaxTreeNode, lost: list[str]) -> Row:
    return tuple(_content(cell, lost) for cell in node.children)


def _content(node: SyntaxTreeNode, lost: list[str]) -> Cell:
    """The inlines of a node that holds one `inline` node."""
    return tuple(inline for child in node.children for inline in _inlines(child.children, lost))


def _inlines(nodes: Sequence[SyntaxTreeNode], lost: list[str]) -> tuple[Inline, ...]:
    found: list[Inline] = []
    for node in nodes:
        for inline in _inline(node, lost):
            last = found[-1] if found else None
            if isinstance(inline, Text) and isinstance(last, Text):
                found[-1] = Text(last.text + inline.text)
            else:
                found.append(inline)
    return tuple(found)


def _inline(node: SyntaxTreeNode, lost: list[str]) -> tuple[Inline, ...]:
    match node.type:
        case "softbreak":
            return (Text(" "),)
        case "hardbreak":
            return (Break(),)
        case "code_inline":
            return (Code(decode_references(node.content).replace("\n", " ")),)
        case "strong":
            return (Strong(_inlines(node.children, lost)),)
        case "em":
            return (Emphasis(_inlines(node.children, lost)),)
        case "s":
            return (Struck(_inlines(node.children, lost)),)
        case "link":
            return (Link(str(node.attrs.get("href", "")), _inlines(node.children, lost)),)
        case "image":
            lost.append("an image became a link")
            words = _inlines(node.children, lost) or (Text("image"),)
            return (Link(str(node.attrs.get("src", "")), words),)
        case _:
            return literal(node.content)
