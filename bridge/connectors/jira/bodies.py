"""A description or comment with our tables in it, in whichever form the API's version gives it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, Self

from bridge.connectors.jira.adf_body import AdfBody
from bridge.connectors.jira.wiki_body import WikiBody
from bridge.errors import GiveUp
from bridge.event import JSON


class Body(Protocol):
    """A block is one of our tables as it stands in such a body: its title, header and rows."""

    @property
    def value(self) -> JSON:
        """As the API takes it."""

    @property
    def is_judged_here(self) -> bool:
        """Whether its size is counted as Jira counts it; else Jira may take more than we think."""

    def size(self) -> int: ...

    def holds(self, mark: str) -> bool:
        """Whether the table of this mark stands in it, by the mark alone."""

    def shows(self, block: JSON) -> bool:
        """Whether the words of a block stand in it, whatever became of its mark."""

    def reads_as(self, other: Self) -> bool:
        """Whether a person reads the same in both."""

    def block(
        self, mark: str, title: str, columns: list[str], rows: list[list[str]], limit: int
    ) -> tuple[JSON, tuple[str, ...]]:
        """A new block, and what it lost. Whole rows are left out at its end beyond the limit."""

    def with_block(self, block: JSON) -> Self:
        """With a block below all else; nothing else changes."""

    def blocks(self) -> dict[str, JSON]:
        """Our tables in it by their marks, the oldest first."""

    def to_move(self, newest: Collection[str], limit: int) -> list[str] | None:
        """The marks of the oldest tables that have to go; None when that is not enough."""

    def without(self, marks: Collection[str]) -> Self:
        """Without these tables; nothing else changes."""

    def packed(self, blocks: Mapping[str, JSON], limit: int) -> list[tuple[list[str], JSON]]:
        """The blocks in as few comments as they fit into: the marks and the body of each."""


def read_body(value: JSON, api: int, what: str) -> Body:
    """What the API gave. Raises GiveUp for what is no text in this version."""
    if api == 3:
        body = AdfBody.read(value)
        if body is None:
            raise GiveUp(f"{what} is no ADF document")
        return body
    if value is not None and not isinstance(value, str):
        raise GiveUp(f"{what} is no text")
    return WikiBody(value or "")


def is_there(body: Body, marks: Sequence[JSON], mark: str, block: JSON) -> bool:
    """Whether our table stands in a description.

    By its mark; or by its words where Jira kept the text in a wording of its own (Cloud stores
    another form than wiki markup) and a property says that the edit was carried out.
    """
    return body.holds(mark) or (mark in marks and body.shows(block))
