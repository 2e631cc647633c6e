"""push_case for systems whose texts are Markdown: the one order of steps, whatever the system.

Jira has its own (`jira/push.py`): its properties remember what here stands in hidden lines.
"""

from __future__ import annotations

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
    mark_line,
    memory_of,
    read_memory,
    tag_digest,
    with_lines,
)
from bridge.connectors.prose import markdown_text, title_text
from bridge.event import JSON


@dataclass(frozen=True, slots=True)
class There:
    """A case as it stands in the other system. description: with whatever lines of ours."""

    key: str
    id: str
    url: str
    title: str
    description: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    title: int
    description: int
    comment: int


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
    """The steps that differ from system to system."""

    @property
    def limits(self) -> Limits: ...

    async def find(self, call: Call[PushCase]) -> There | None:
        """What carries the call's mark. Raises TryAgain where that cannot be said yet."""
        ...

    async def create(
        self, call: Call[PushCase], case: CaseData, title: str, description: str
    ) -> There: ...

    async def read(self, key: str) -> There: ...

    async def write(self, there: There, wanted: Wanted) -> None: ...

    async def comment_marks(self, call: Call[PushCase], key: str, wanted: set[str]) -> set[str]:
        """Which of these marks comments carry there. Raises TryAgain as `find` does."""
        ...

    async def add_comment(self, key: str, text: str, mark: str) -> None: ...


async def push(target: Target, call: Call[PushCase]) -> Outcome:
    """Makes the case there where none is known and none carries its mark; else updates it."""
    case = case_of(call.parameters)
    ticket = (call.parameters.ticket or "").strip()
    there = await target.read(ticket) if ticket else await target.find(call)
    created, changed, lost = there is None, Wanted(), list[str]()
    if there is None:
        title, description = _texts(case, target.limits, lost)
        there = await target.create(call, case, title, description)
    else:
        changed = _changes(case, there, target.limits, lost)
        if changed.names:
            await target.write(there, changed)
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


def _texts(case: CaseData, limits: Limits, lost: list[str]) -> tuple[str, str]:
    """Title and description as they are first written."""
    title = title_text(case.title, limits.title)
    words = markdown_text(case.description or "", "markdown", limits.description - ROOM)
    lost += [*title.lost, *words.lost]
    return title.text, with_lines(words.text, memory_of(case).line)


def _changes(case: CaseData, there: There, limits: Limits, lost: list[str]) -> Wanted:
    """What changed in the case since the last push, which a hidden line remembers.

    What no push has made has no such line and keeps its words; only tags are added to it. Where a
    person took the line away, the text is that person's from then on.
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
        words = markdown_text(case.description or "", "markdown", limits.description - ROOM)
        description = with_lines(words.text, now.line)
        lost += words.lost
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
        words = markdown_text(comment_text(case, comment), "markdown", target.limits.comment - ROOM)
        lost += words.lost
        await target.add_comment(key, with_lines(words.text, mark_line(its_mark)), its_mark)
    return list(missing.values())
