"""The pages, as the stand-in remembers them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError, ParserCreate

from bridge.event import JSON
from bridge.sandbox.exchange import Declined
from bridge.sandbox.stand_in import Surroundings

SPACE_ID, SPACE, SPACE_NAME = "65538", "SEC", "Security (sandbox)"
READY = "Scan results"
"""The title of the page that is there from the start."""


@dataclass(slots=True, eq=False)
class Comment:
    id: str
    body: str
    made: int


@dataclass(slots=True, eq=False)
class File:
    """contents: of every version, the first one first."""

    id: str
    name: str
    comment: str
    contents: list[bytes]


@dataclass(slots=True, eq=False)
class Page:
    """bodies: of every version, the first one first."""

    id: str
    title: str
    made: int
    changed: int
    bodies: list[str] = field(default_factory=list)
    message: str = ""
    comments: list[Comment] = field(default_factory=list)
    files: list[File] = field(default_factory=list)

    @property
    def version(self) -> int:
        return len(self.bodies)

    @property
    def body(self) -> str:
        return self.bodies[-1]


class ConfluenceState:
    """Ids are given out in order, so that a run repeats. Starts with one page in one space."""

    def __init__(self, around: Surroundings) -> None:
        self.pages: dict[str, Page] = {}
        self._last = 98_304
        self.make(READY, "<p>What the scanners found.</p>", around.conditions.clock())

    def next_id(self) -> str:
        self._last += 1
        return str(self._last)

    def make(self, title: str, body: str, now: int) -> Page:
        check_body(body)
        if any(one.title == title for one in self.pages.values()):
            words = (
                "A page with this title already exists: A page already exists with the same TITLE"
            )
            raise Declined(400, f"{words} in this space")
        page = Page(self.next_id(), title, now, now, [body])
        self.pages[page.id] = page
        return page

    def page(self, page_id: str) -> Page:
        page = self.pages.get(page_id)
        if page is None:
            raise Declined(404, f"No content found with id: {page_id}")
        return page

    def save(
        self, page: Page, version: JSON, title: JSON, body: str, message: JSON, now: int
    ) -> None:
        """The next version; 409 for any other number."""
        if version != page.version + 1:
            words = f"Version must be incremented on update. Current Version: [{page.version}]."
            raise Declined(409, f"{words} Provided version: [{version}]")
        check_body(body)
        page.bodies.append(body)
        page.title, page.changed = str(title), now
        page.message = message if isinstance(message, str) else ""

    def comment(self, page: Page, body: str, now: int) -> Comment:
        check_body(body)
        made = Comment(self.next_id(), body, now)
        page.comments.append(made)
        return made


def check_body(body: str) -> None:
    """Storage format is XML with two prefixes and HTML's names for characters."""
    text = re.sub(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)(\w+);", _character, body)
    parser = ParserCreate()
    try:
        parser.Parse(f"<page>{text}</page>", True)
    except ExpatError as error:
        raise Declined(400, f"Error parsing xhtml: {error}") from None


def _character(found: re.Match[str]) -> str:
    return html.unescape(found[0])
