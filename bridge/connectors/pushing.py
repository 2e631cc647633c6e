"""push_case for systems whose texts are Markdown: the one order of steps, whatever the system.

Jira has its own (`jira/push.py`): its properties remember what here stands in a line of the
description. A system whose texts keep no such line may keep it elsewhere, as Linear's target does,
and put it below the description that it tells of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from bridge.action import Call, Outcome
from bridge.connectors.cases import (
    CaseComment,
    CaseData,
    PushCase,
    case_of,
    comment_mark,
    comment_text,
)
from bridge.connectors.hidden import (
    ROOM,
    below_memory,
    memory_of,
    read_memory,
    tag_digest,
    with_lines,
)
from bridge.connectors.prose import markdown_text, title_text
from bridge.event import JSON
from bridge.text.characters import length


@dataclass(frozen=True, slots=True)
class There:
    """A case as it stands in the other system. description: with the line that remembers."""

    key: str
    id: str
    url: str
    title: str
    description: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Characters of each text. calls: what would call somebody there, and is made quiet."""

    title: int
    description: int
    comment: int
    calls: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """Title and description as they are first written."""

    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a push wants to be different. None: that stays as it is."""

    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        given = (("title", self.title), ("description", self.description), ("tags", self.tags))
        return tuple(name for name, value in given if value is not None)


class Target(Protocol):
    """The steps that differ from system to system. lost: what could not be carried over."""

    @property
    def limits(self) -> Limits: ...

    async def find(self, call: Call[PushCase]) -> There | None:
        """What carries the call's mark. Raises TryAgain where that cannot be said yet."""
        ...

    async def create(
        self, call: Call[PushCase], case: CaseData, texts: Texts, lost: list[str]
    ) -> There: ...

    async def read(self, key: str) -> There: ...

    async def write(self, there: There, wanted: Wanted, lost: list[str]) -> None:
        """What else stands in the description, such as tables of ours, stays below it."""
        ...

    async def comment_marks(self, call: Call[PushCase], key: str, wanted: set[str]) -> set[str]:
        """Which of these marks comments carry there. Raises TryAgain as `find` does."""
        ...

    async def add_comment(self, key: str, text: str, mark: str) -> None:
        """text: leaves ROOM for the mark."""
        ...


async def push(target: Target, call: Call[PushCase]) -> Outcome:
    """Makes the case there where none is known and none carries its mark; else updates it."""
    case = case_of(call.parameters)
    ticket = (call.parameters.ticket or "").strip()
    there = await target.read(ticket) if ticket else await target.find(call)
    created, changed, lost = there is None, Wanted(), list[str]()
    if there is None:
        there = await target.create(call, case, _texts(case, target.limits, lost), lost)
    else:
        changed = _changes(case, there, target.limits, lost)
        if changed.names:
            await target.write(there, changed, lost)
    added = await _add_comments(target, call, case, there.key, lost)
    outputs: dict[str, JSON] = {
        "key": there.key,
        "id": there.id,
        "url": there.url,
        "case": case.id,
        "created": created,
        "changed": list(changed.names),
        "comments": [one.id for one in added],
    }
    return Outcome(outputs, found=not (created or changed.names or added), lost=tuple(lost))


def _texts(case: CaseData, limits: Limits, lost: list[str]) -> Texts:
    title = title_text(case.title, limits.title)
    lost += title.lost
    words = _words(case.description or "", limits.description, limits, lost)
    return Texts(title.text, with_lines(words, memory_of(case).line))


def _words(text: str, limit: int, limits: Limits, lost: list[str]) -> str:
    """A text of a case as it is written there, with room for a line of ours."""
    words = markdown_text(text, "markdown", limit - ROOM, limits.calls)
    lost += words.lost
    return words.text


def _changes(case: CaseData, there: There, limits: Limits, lost: list[str]) -> Wanted:
    """What changed in the case since the last push, which a hidden line remembers.

    What no push has made has no such line and keeps its words; only tags are added to it. Where a
    person took the line away, the text is that person's from then on. What stands below the line
    is nobody's but that person's as well, and stays.
    """
    before = read_memory(there.description)
    if before is None:
        return Wanted(tags=_with_tags(case, there, ()))
    now = memory_of(case, before)
    title = description = None
    if before.title != now.title:
        written = title_text(case.title, limits.title)
        title = written.text
        lost += written.lost
    if before.description != now.description:
        below = below_memory(there.description)
        room = max(limits.description - length(below), limits.description // 2)
        words = _words(case.description or "", room, limits, lost)
        description = with_lines(words, now.line, *([f"\n{below}"] if below else []))
    elif before != now:
        description = there.description.replace(before.line, now.line)
    return Wanted(title, description, _with_tags(case, there, before.tags))


def _with_tags(case: CaseData, there: There, pushed: tuple[str, ...]) -> tuple[str, ...] | None:
    """The tags with the case's changes to them; None when there are none."""
    if case.tags is None:
        return None
    gone = [tag for tag in there.tags if tag_digest(tag) in pushed and tag not in case.tags]
    new = [tag for tag in case.tags if tag_digest(tag) not in pushed and tag not in there.tags]
    if not new and not gone:
        return None
    return (*(tag for tag in there.tags if tag not in gone), *new)


async def _add_comments(
    target: Target, call: Call[PushCase], case: CaseData, key: str, lost: list[str]
) -> list[CaseComment]:
    """Adds the comments that are not there yet; gives those."""
    missing = {comment_mark(call.mark, one.id): one for one in case.comments}
    if missing:
        for its_mark in await target.comment_marks(call, key, set(missing)):
            missing.pop(its_mark, None)
    for its_mark, comment in missing.items():
        limits = target.limits
        words = _words(comment_text(case, comment), limits.comment, limits, lost)
        await target.add_comment(key, words, its_mark)
    return list(missing.values())
