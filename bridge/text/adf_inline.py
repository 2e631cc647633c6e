"""What stands within a line of an Atlassian document: text in its marks, mentions, cards, dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from bridge.event import JSON
from bridge.text.adf import DEPTH, Node
from bridge.text.characters import tidy
from bridge.text.tree import Break, Code, Emphasis, Inline, Link, Strong, Struck, Text, literal

QUIET_MARKS = frozenset({"annotation", "alignment", "indentation", "breakout", "fragment"})
"""Marks that change no word and no meaning: remarks at the side, and where things stand."""


@dataclass(slots=True)
class Inlines:
    """Reads inline nodes; remembers what was lost."""

    lost: list[str] = field(default_factory=list)

    def children(self, node: JSON, depth: int) -> Iterator[Node]:
        content = node.get("content") if isinstance(node, dict) else None
        if depth > DEPTH:
            self.lost.append(f"what is nested more than {DEPTH} deep was left out")
            return
        for one in content if isinstance(content, list) else ():
            if isinstance(one, dict):
                yield one
            else:
                self.lost.append("what is no node was left out")

    def inlines(self, node: Node, depth: int) -> tuple[Inline, ...]:
        found: list[Inline] = []
        for child in self.children(node, depth):
            found += self.inline(child, depth + 1)
        return joined(found)

    def inline(self, node: Node, depth: int) -> tuple[Inline, ...]:
        match node.get("type"):
            case "text":
                return self.marked(node)
            case "hardBreak":
                return (Break(),)
            case "mention":
                return literal("@" + attribute(node, "text").lstrip("@")) or (Text("@"),)
            case "emoji":
                return literal(attribute(node, "text") or attribute(node, "shortName"))
            case "status":
                return literal(f"[{attribute(node, 'text')}]")
            case "placeholder":
                return literal(attribute(node, "text"))
            case "date":
                return literal(_date(attribute(node, "timestamp")))
            case "inlineCard":
                return card(node)
            case "mediaInline":
                self.lost.append("a picture was left out or became a link")
                return ()
            case "inlineExtension":
                self.lost.append("a macro was left out, only the text in it is kept")
                return literal(attribute(node, "text"))
            case kind:
                self.lost.append(f"{_shown(kind)}, which is unknown here, became its text")
                return self.inlines(node, depth)

    def marked(self, node: Node) -> tuple[Inline, ...]:
        """The text inside its marks; a link is the outermost, code the innermost."""
        content = literal(string(node.get("text")))
        marks = node.get("marks")
        by_type = {
            str(mark.get("type")): mark
            for mark in (marks if isinstance(marks, list) else ())
            if isinstance(mark, dict)
        }
        if not content:
            return ()
        for kind in by_type:
            if kind == "code":
                content = tuple(Code(one.text) if isinstance(one, Text) else one for one in content)
            elif kind not in QUIET_MARKS | {"strong", "em", "strike", "link"}:
                self.lost.append(f"the mark {_shown(kind)} was left out")
        for kind, wrap in (("strike", Struck), ("em", Emphasis), ("strong", Strong)):
            if kind in by_type:
                content = (wrap(content),)
        if "link" in by_type:
            content = (Link(attribute(by_type["link"], "href"), content),)
        return content


def joined(content: Iterable[Inline]) -> tuple[Inline, ...]:
    """Neighbours of one kind as one: what one mark spans comes in a piece for each change in it."""
    found: list[Inline] = []
    for _, neighbours in groupby(content, key=_kind):
        same = list(neighbours)
        text = "".join(one.text for one in same if isinstance(one, Text | Code))
        inner = (
            part
            for one in same
            if isinstance(one, Strong | Emphasis | Struck | Link)
            for part in one.content
        )
        match same[0]:
            case Text():
                found.append(Text(text))
            case Code():
                found.append(Code(text))
            case Strong():
                found.append(Strong(joined(inner)))
            case Emphasis():
                found.append(Emphasis(joined(inner)))
            case Struck():
                found.append(Struck(joined(inner)))
            case Link(target, _):
                found.append(Link(target, joined(inner)))
            case Break():
                found += same
    return tuple(found)


def _kind(inline: Inline) -> tuple[type[Inline], str]:
    return type(inline), inline.target if isinstance(inline, Link) else ""


def card(node: Node) -> tuple[Inline, ...]:
    url = attribute(node, "url")
    return (Link(url, (Text(url),)),) if url else ()


def attribute(node: Node, name: str) -> str:
    """An attribute as one line of text; empty where it is absent."""
    attributes = node.get("attrs")
    value = attributes.get(name) if isinstance(attributes, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return " ".join(tidy(str(value)).split("\n"))


def string(value: JSON) -> str:
    return tidy(value) if isinstance(value, str) else ""


def _date(timestamp: str) -> str:
    """A day, as it is read everywhere."""
    try:
        return datetime.fromtimestamp(int(timestamp) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return timestamp


def _shown(kind: JSON) -> str:
    return repr(str(kind)[:40])
