"""Marks in Markdown that no reader of it shows, for systems whose texts are all that can be marked.

A mark is the definition of a link that nothing refers to, on a line of its own at the end:
`[scanbridge-MARK]: #`. Unlike a comment of HTML it is Markdown, so that readers without HTML hide
it as well. https://spec.commonmark.org/0.31.2/#link-reference-definitions, read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.connectors.cases import CaseData, digest

MARK = re.compile(r"^\[scanbridge-(?!case-)([a-z0-9-]+)\]: #[ \t]*$", re.MULTILINE)
MEMORY = re.compile(
    r"^\[scanbridge-case-([0-9a-f]{16})-([0-9a-f]{16}|0)((?:-[0-9a-f]{8})*)\]: #[ \t]*$",
    re.MULTILINE,
)
ROOM = 1_000
"""Characters a text leaves for its lines: a memory with 50 tags takes half of them."""

TAGS_KEPT = 50
UNTOLD = "0"


@dataclass(frozen=True, slots=True)
class Memory:
    """What was pushed of a case last: digests of its title, its description and its tags.

    description: `0` where nothing was told of it.
    """

    title: str
    description: str
    tags: tuple[str, ...]

    @property
    def line(self) -> str:
        tags = "".join(f"-{tag}" for tag in self.tags)
        return f"[scanbridge-case-{self.title}-{self.description}{tags}]: #"


def memory_of(case: CaseData, before: Memory | None = None) -> Memory:
    """The memory after a push; what the case's system did not tell stays as it was."""
    before = before or Memory("", UNTOLD, ())
    described = before.description if case.description is None else digest(case.description)
    tags = before.tags if case.tags is None else tuple(map(tag_digest, case.tags[:TAGS_KEPT]))
    return Memory(digest(case.title), described, tags)


def read_memory(text: str) -> Memory | None:
    """The memory in a text; None where no push wrote one, or a person took it away."""
    found = MEMORY.search(text)
    if found is None:
        return None
    return Memory(found[1], found[2], tuple(one for one in found[3].split("-") if one))


def below_memory(text: str) -> str:
    """What stands below the memory's line; empty where there is none."""
    found = MEMORY.search(text)
    return text[found.end() :].strip() if found else ""


def tag_digest(tag: str) -> str:
    return digest(tag)[:8]


def with_lines(text: str, *lines: str) -> str:
    """The text, an empty line, and the marks below it."""
    return "\n\n".join([*([text.rstrip()] if text.strip() else []), "\n".join(lines)])


def mark_line(mark: str) -> str:
    return f"[scanbridge-{mark}]: #"


def marks_in(text: str) -> set[str]:
    """Every mark that a text carries."""
    return set(MARK.findall(text))


def lines_in(text: str) -> list[str]:
    """Every line of ours in a text, to be kept when its words are replaced."""
    return [one[0].strip() for pattern in (MEMORY, MARK) for one in pattern.finditer(text)]


def bare(text: str) -> str:
    """The text without any of our lines."""
    return MARK.sub("", MEMORY.sub("", text)).rstrip()
