"""The delivery keys of the newest events, in memory: what SQLite's table of keys has not got yet.

Keys are as good as random, so an index that grows with each delivery writes a page of 8 KB for
each: two thirds of all that a commit wrote. Here the newest keys wait in memory until they are
many, and then go into the table a slice at a time. A slice is a part of all possible digests, so
its keys lie close together there, and hundreds of them share a few pages.

Nothing is lost with the process: the events themselves hold their keys, and those that came after
the table's mark are read again (`delivery_keys.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

MOST = 16_384
"""Keys in memory before some are moved: 4 MB of it, and 50 ms to read them again at a start."""

SLICES = 64
"""Of all digests, by their first byte. A power of two, at most 256."""

DIGEST_BYTES = 16

_SHIFT = 8 - (SLICES.bit_length() - 1)


def digest_of(tenant: str, source: str, key: str) -> bytes:
    """What stands for a delivery. Names hold no NUL, so no two of them can read the same.

    Short, because it is kept for each event, and long enough that nobody finds two keys of one
    digest.
    """
    text = f"{tenant}\0{source}\0{key}"
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


Savepoint = tuple[int, int]

UNREAD = -1
"""In place of a seq: nothing was read yet."""


class NewestKeys:
    """The seq of the newest events by their digest, as the open write transaction sees them.

    upto: all events up to this seq are here or in the table.
    _moved_upto: for each slice, the seq up to which the table has its keys.
    _changed: by the open transaction, each with the seq that its digest had before.
    _can_go_back: nothing but what is in `_changed` has happened since the last commit.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.start(UNREAD)
        self.committed()

    @property
    def many(self) -> bool:
        """Whether it is time to move a slice."""
        return self._count > self.most

    def start(self, mark: int) -> None:
        """Begins anew. mark: the table has the keys of all events up to this seq."""
        self.upto = mark
        self._moved_upto = [mark] * SLICES
        self._slices: list[dict[bytes, int]] = [{} for _ in range(SLICES)]
        self._count = 0
        self._next = 0
        self._changed: list[tuple[bytes, int | None]] = []
        self._can_go_back = False

    def forget(self) -> None:
        """What is here may no longer be so; it will be read again."""
        self.start(UNREAD)

    def find(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        """Those of the digests that are here, with their seq."""
        slices = self._slices
        found = {}
        for digest in digests:
            part = slices[digest[0] >> _SHIFT]
            if digest in part:
                found[digest] = part[digest]
        return found

    def add(self, digests: Sequence[bytes], first_seq: int) -> None:
        """Events of the open transaction, numbered from `first_seq` on."""
        slices = self._slices
        for seq, digest in enumerate(digests, first_seq):
            part = slices[digest[0] >> _SHIFT]
            before = part.get(digest)
            if before is None:
                self._count += 1
            part[digest] = seq
            self._changed.append((digest, before))
        self.upto = first_seq + len(digests) - 1

    def drop(self, digest: bytes, seq: int) -> None:
        """An event is deleted; what a newer one of the same key has left stays."""
        part = self._slices[digest[0] >> _SHIFT]
        if part.get(digest) == seq:
            del part[digest]
            self._count -= 1
            self._changed.append((digest, seq))

    def put(self, digest: bytes, seq: int) -> None:
        """One event that is in the store already."""
        part = self._slices[digest[0] >> _SHIFT]
        self._count += digest not in part
        part[digest] = seq

    def take_slice(self) -> tuple[list[tuple[bytes, int]], int]:
        """The keys that are to be moved now, in order, and the mark that the table has then."""
        at, self._next = self._next, (self._next + 1) % SLICES
        taken = sorted(self._slices[at].items())
        self._slices[at] = {}
        self._count -= len(taken)
        self._moved_upto[at] = self.upto
        self._can_go_back = False
        return taken, min(self._moved_upto)

    def savepoint(self) -> Savepoint:
        """What `roll_back` goes back to."""
        return len(self._changed), self.upto

    def roll_back(self, point: Savepoint | None = None) -> None:
        """What came since the savepoint, or since the last commit, is not in the store."""
        if not self._can_go_back:
            self.forget()
            return
        length, self.upto = point or self._committed
        while len(self._changed) > length:
            digest, before = self._changed.pop()
            part = self._slices[digest[0] >> _SHIFT]
            self._count += (before is not None) - (digest in part)
            if before is None:
                del part[digest]
            else:
                part[digest] = before

    def committed(self) -> None:
        """What came since the last commit is in the store for good."""
        self._changed.clear()
        self._committed = self.savepoint()
        self._can_go_back = True
