"""Tables stacked below a text: how many rows fit, which go when it is full, how they are packed.

Pure. Each system says how large its text is; what is done about it is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

TITLE_LIMIT = 255


def rows_that_fit(
    count: int, size: Callable[[int], int], limit: int
) -> tuple[int, tuple[str, ...]]:
    """How many whole rows a table may keep, one at least, and what is lost by that.

    size: of the table with so many of its rows. Coarse, a quarter at a time: a table that fills
    half a text is rare.
    """
    kept = count
    while kept > 1 and size(kept) > limit:
        kept = kept * 3 // 4
    return kept, () if kept == count else (f"{count - kept} of {count} rows were left out",)


def oldest_to_move(
    known: Sequence[T], size_without: Callable[[Sequence[T]], int], limit: int
) -> list[T] | None:
    """The oldest tables to take out so that the text fits; None when all together are not enough.

    Once one has to go, as many go as leave a quarter of the limit free: else every further table
    would move one more, and each move is a comment that people are told of.
    """
    sizes = [size_without(known[:count]) for count in range(len(known) + 1)]
    if sizes[0] <= limit:
        return []
    if sizes[-1] > limit:
        return None
    roomy = (count for count, size in enumerate(sizes) if size <= limit * 3 // 4)
    return list(known[: next(roomy, len(known))])


def packed(tables: Sequence[T], size: Callable[[T], int], limit: int, gap: int) -> list[list[T]]:
    """The tables in groups that fit into one comment each. gap: what parts two of a group."""
    groups: list[list[T]] = []
    filled = limit + 1
    for table in tables:
        grown = filled + gap + size(table)
        if grown > limit:
            groups.append([])
            grown = size(table)
        groups[-1].append(table)
        filled = grown
    return groups
