"""The table of comments that sync has carried over, and of their copies."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.store.sync_fields import OF_PAIR, PairKey
from bridge.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Carried:
    """A comment that was carried over, or one that is a copy.

    copied_at: when; 0 while that is under way. edited_at: when its text was last changed by then,
    by its system's word. said: digest of that text. copy_id: of the copy on the other side, where
    that is known. wrote: digests of the words the copy may have from us; several while it is not
    known which of them arrived.
    """

    copied_at: int = 0
    edited_at: int = 0
    said: str = ""
    copy_id: str = ""
    wrote: tuple[str, ...] = ()


async def comments_of_pair(tx: Transaction, pair: PairKey) -> dict[tuple[str, str], Carried]:
    """By side and id."""
    rows = await tx.rows(
        "SELECT side, comment_id, copied_at, edited_at, said, copy_id, wrote FROM sync_comments"
        f" WHERE {OF_PAIR}",
        *pair.values,
    )
    return {
        (side, comment_id): Carried(at, edited_at, said, copy_id, tuple(wrote.split()))
        for side, comment_id, at, edited_at, said, copy_id, wrote in rows
    }


async def keep_comment(
    tx: Transaction, pair: PairKey, side: str, comment_id: str, kept: Carried
) -> None:
    """Writes how far a comment has come, in the place of what was known of it."""
    await tx.run(
        "INSERT INTO sync_comments (tenant, rule, left_id, right_id, side, comment_id, copied_at,"
        " edited_at, said, copy_id, wrote) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (tenant, rule, left_id, right_id, side, comment_id) DO UPDATE SET"
        " copied_at = excluded.copied_at, edited_at = excluded.edited_at, said = excluded.said,"
        " copy_id = excluded.copy_id, wrote = excluded.wrote",
        *pair.values, side, comment_id, kept.copied_at, kept.edited_at, kept.said, kept.copy_id,
        " ".join(kept.wrote),
    )  # fmt: skip
