"""What stands within a line of Jira's wiki markup: escapes, links, phrases, breaks.

Every step goes over the text once: a line of 100 KB full of openings that nothing closes costs no
more than any other.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.text.targets import NO_ADDRESS, is_address
from bridge.text.tree import Break, Code, Emphasis, Inline, Link, Strong, Struck, Text, literal

TOKEN = re.compile(
    r"(?P<double>\\\\)"
    r"|\\(?P<escaped>[-#*_+?^~|%{}\[\]()!@])"
    r"|(?P<entity>&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});)"
    r"|\{(?P<color>color)(?::[^{}\n]{0,100})?\}"
    r"|(?P<anchor>\{anchor:[^{}\n]{0,300}\})"
    r"|\{(?P<braced>[*_+^~-])\}"
    r"|(?P<code>\{\{)"
    r"|\[(?P<link>[^\[\]\n]{1,4000})\]"
    r"|!(?P<image>[^\s!|\[\]{}][^!\n\[\]{}]{0,1000})!"
    r"|(?P<cite>\?\?)"
    r"|(?P<sign>[*_+^~-])"
    r"|(?P<url>(?<![A-Za-z0-9])(?:https?://|mailto:)[^\s|\[\]{}<>\"\\]{1,2000})"
    r"|(?P<text>[^\\&{\[!?*_+^~\n\-hm]+|.|\n)"
)
PHRASES: dict[str, Callable[[tuple[Inline, ...]], Inline]] = {
    "*": Strong,
    "_": Emphasis,
    "-": Struck,
}
DROPPED = {
    "+": "underlined words are plain",
    "^": "raised words are plain",
    "~": "lowered words are plain",
    "??": "cited words are plain",
}


@dataclass(slots=True)
class _Sign:
    """A sign that may open or close a phrase. braced: `{*}`, which works between letters too."""

    sign: str
    opens: bool
    closes: bool


Piece = Inline | _Sign


@dataclass(slots=True)
class Inlines:
    """Reads lines; remembers what was lost."""

    lost: list[str] = field(default_factory=list)

    def read(self, text: str) -> tuple[Inline, ...]:
        """The inlines of a text; its line ends are breaks."""
        pieces = self._pieces(text)
        closers: dict[str, list[int]] = {}
        for number, piece in enumerate(pieces):
            if isinstance(piece, _Sign) and piece.closes:
                closers.setdefault(piece.sign, []).append(number)
        return _trimmed(_joined(self._phrases(pieces, 0, len(pieces), closers, frozenset())))

    def _phrases(
        self,
        pieces: list[Piece],
        start: int,
        end: int,
        closers: dict[str, list[int]],
        inside: frozenset[str],
    ) -> list[Inline]:
        """Signs in pairs around what stands between them; a sign without its pair is text."""
        found: list[Inline] = []
        number = start
        while number < end:
            piece = pieces[number]
            number += 1
            if not isinstance(piece, _Sign):
                found.append(piece)
                continue
            close = self._closing(piece, number, end, closers) if piece.opens else None
            if close is None or piece.sign in inside:
                found.append(Text(piece.sign))
                continue
            inner = self._phrases(pieces, number, close, closers, inside | {piece.sign})
            wrap = PHRASES.get(piece.sign)
            if wrap is not None:
                found.append(wrap(_joined(inner)))
            else:
                self.lost.append(DROPPED[piece.sign])
                found += inner
            number = close + 1
        return found

    def _closing(
        self, piece: _Sign, start: int, end: int, closers: dict[str, list[int]]
    ) -> int | None:
        """The nearest sign that closes, with something in between."""
        places = closers.get(piece.sign, [])
        found = bisect_left(places, start + 1)
        return places[found] if found < len(places) and places[found] < end else None

    def _pieces(self, text: str) -> list[Piece]:
        ends = [found.start() for found in re.finditer(r"(?<!\\)\}\}", text)]
        pieces: list[Piece] = []
        position = 0
        while position < len(text):
            found = TOKEN.match(text, position)
            assert found is not None, "the last choice takes any character"
            position = found.end()
            kind = found.lastgroup
            if kind == "code":
                place = bisect_left(ends, position + 1)
                close = ends[place] if place < len(ends) else -1
                if close < 0 or "\n" in text[position : min(close, position + 10_000)]:
                    pieces.append(Text("{{"))
                else:
                    pieces.append(Code(_unescaped(text[position:close])))
                    position = close + 2
            else:
                pieces += self._piece(text, found, kind or "text")
        return pieces

    def _piece(self, text: str, found: re.Match[str], kind: str) -> tuple[Piece, ...]:
        value = found[kind]
        match kind:
            case "double":
                return (Break(),)
            case "entity":
                return literal(html.unescape(value).replace("\n", " "))
            case "color":
                self.lost.append("colours were left out")
                return ()
            case "anchor":
                return ()
            case "braced":
                return (_Sign(value, opens=True, closes=True),)
            case "link":
                return self._link(value, found[0])
            case "image":
                return self._image(value)
            case "sign" | "cite":
                return (_sign(text, found.start(), found.end(), value),)
            case "url":
                whole = html.unescape(value)
                target = whole.rstrip(".,;:!?)'")
                return (Link(target, (Text(target),)), *literal(whole[len(target) :]))
            case "escaped":
                return (Text(value),)
            case _:
                return (Break(),) if value == "\n" else (Text(value),)

    def _link(self, inner: str, whole: str) -> tuple[Inline, ...]:
        """`[words|target]`, `[target]`, `[~who]`, `[^file]`; anything else stays as it is."""
        words, bar, rest = inner.partition("|")
        target = (rest.partition("|")[0] if bar else inner).strip()
        shown = _joined([one for one in self.read(words) if not isinstance(one, Break)])
        if is_address(target):
            return (Link(html.unescape(target), shown if bar else (Text(target),)),)
        if target.startswith("~"):
            name = target[1:].removeprefix("accountid:")
            return shown if bar else (Text(f"@{name}"),)
        if target.startswith(("^", "#")):
            self.lost.append("a link to a file or an anchor became its words")
            return shown if bar else (Text(target[1:]),)
        if bar and words.strip():
            self.lost.append(NO_ADDRESS)
            return shown
        return literal(whole)

    def _image(self, inner: str) -> tuple[Inline, ...]:
        self.lost.append("an image became a link")
        target = inner.partition("|")[0].strip()
        if is_address(target):
            return (Link(target, (Text("image"),)),)
        return (Text(target),)


def _sign(text: str, start: int, end: int, sign: str) -> _Sign:
    """Signs act at the edges of words: `a*b*c` has none."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    inside_before = before.isalnum() or before == "\\"
    return _Sign(
        sign,
        opens=not inside_before and not after.isspace(),
        closes=not before.isspace() and not after.isalnum(),
    )


def _unescaped(text: str) -> str:
    """Code as a person reads it: escapes and entities act inside it too."""
    text = re.sub(r"\\([-#*_+?^~|%{}\[\]()!@])", lambda found: f"&#{ord(found[1])};", text)
    return html.unescape(text).replace("\n", " ")


def _joined(content: list[Inline]) -> tuple[Inline, ...]:
    found: list[Inline] = []
    texts: list[str] = []
    for inline in content:
        if isinstance(inline, Text):
            texts.append(inline.text)
            continue
        if texts:
            found.append(Text("".join(texts)))
            texts = []
        found.append(inline)
    if texts:
        found.append(Text("".join(texts)))
    return tuple(found)


def _trimmed(content: tuple[Inline, ...]) -> tuple[Inline, ...]:
    """Without blanks around breaks and at the edges, which nobody sees."""
    found: list[Inline] = []
    for number, inline in enumerate(content):
        if isinstance(inline, Text):
            text = inline.text
            if number == 0 or isinstance(content[number - 1], Break):
                text = text.lstrip(" \t")
            if number + 1 == len(content) or isinstance(content[number + 1], Break):
                text = text.rstrip(" \t")
            if text:
                found.append(Text(text))
        else:
            found.append(inline)
    return tuple(found)
