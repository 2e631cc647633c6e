"""The marks the bridge leaves in texts on GitHub: comments of HTML, which are not shown."""

from __future__ import annotations

import re

OWN = re.compile(r"<!-- scanbridge:([a-z0-9-]+) -->")


def mark_comment(mark: str) -> str:
    return f"<!-- scanbridge:{mark} -->"


def with_mark(text: str, mark: str) -> str:
    """The text, an empty line, the mark."""
    return f"{text}\n\n{mark_comment(mark)}" if text else mark_comment(mark)


def holds_mark(text: object, mark: str) -> bool:
    return isinstance(text, str) and mark_comment(mark) in text


def marks_in(text: object) -> set[str]:
    """Every mark that a text carries."""
    return set(OWN.findall(text)) if isinstance(text, str) else set()


def last_mark(text: str) -> str:
    """The mark at the very end of an issue's body, as the create wrote it; empty without one."""
    found = list(OWN.finditer(text))
    return found[-1][0] if found and not text[found[-1].end() :].strip() else ""
