"""Looking twice, in systems whose search lags behind their writes.

What an earlier try made may be missing from the index for a second or so. Where an earlier try may
have made something, a first look that finds nothing is therefore no answer: the action waits for
the index to catch up, and looks again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from bridge.errors import GiveUp, TryAgain

V = TypeVar("V")

KEPT = 1_000
"""Marks remembered for each integration; only those of the last minutes can be asked for."""


@dataclass(slots=True)
class Settling:
    """Remembers what was made here, what may have been, and what was looked for in vain.

    seconds: how long the index may lag. All is forgotten at the end of the process: then one look
    more is made, since the store remembers which actions are in doubt.
    """

    seconds: float
    _made: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _doubted: OrderedDict[str, bool] = field(default_factory=OrderedDict)
    _missed: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def made(self, mark: str) -> str | None:
        """What this process made or found under the mark."""
        return self._made.get(mark)

    def remember(self, mark: str, key: str) -> None:
        """It was made, or found."""
        _keep(self._made, mark, key)
        self._missed.pop(mark, None)
        self._doubted.pop(mark, None)

    def doubted(self, mark: str) -> bool:
        """Whether this process began to make it and does not know how that ended."""
        return mark in self._doubted

    @contextmanager
    def making(self, mark: str) -> Iterator[None]:
        """Around the request that makes something: notes where its end is not known."""
        try:
            yield
        except GiveUp:
            raise
        except BaseException as error:
            if not isinstance(error, TryAgain) or error.may_have_happened:
                _keep(self._doubted, mark, True)
            raise

    def not_found(self, *marks: str, now: int, doubtful: bool) -> None:
        """Nothing carries these marks. Raises TryAgain for those that may have been made, until a
        look after the index has caught up.

        doubtful: the action's earlier tries may have made them.
        """
        wait = 0.0
        for mark in marks:
            if doubtful or mark in self._doubted:
                first = self._missed.get(mark, now)
                _keep(self._missed, mark, first)
                wait = max(wait, self.seconds - (now - first) / 1000)
        if wait > 0:
            raise TryAgain(
                "an earlier try may have made it; the search has to catch up first",
                after_seconds=wait,
            )
        for mark in marks:
            self._missed.pop(mark, None)
            self._doubted.pop(mark, None)


def _keep(known: OrderedDict[str, V], mark: str, value: V) -> None:
    known[mark] = value
    while len(known) > KEPT:
        known.popitem(last=False)
