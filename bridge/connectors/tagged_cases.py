"""Cases found again by a tag that carries the mark, in systems whose search knows tags."""

from __future__ import annotations

from typing import Protocol

from bridge.connectors.answers import as_list
from bridge.connectors.settling import Settling
from bridge.event import JSON

OWN_TAG = "scanbridge-"
"""What the bridge's own tags begin with."""

Case = dict[str, JSON]


class Tagged(Protocol):
    """A system's client, as far as it is needed here."""

    @property
    def settling(self) -> Settling: ...

    def key_of(self, case: Case) -> str: ...

    async def case(self, key: str, /) -> Case:
        """One case as it stands now, read past the index."""
        ...

    async def oldest_with_tag(self, tag: str) -> Case | None:
        """The case with a tag that the index knows, the oldest where there are several."""
        ...


def tag_of(mark: str) -> str:
    return f"{OWN_TAG}{mark}"


def own_tags(case: Case) -> list[str]:
    return [str(one) for one in as_list(case.get("tags")) if str(one).startswith(OWN_TAG)]


def other_tags(case: Case) -> list[str]:
    """Those that are a person's, or that a rule or a push has named."""
    return [str(one) for one in as_list(case.get("tags")) if not str(one).startswith(OWN_TAG)]


async def find_marked(system: Tagged, mark: str, now: int, *, doubtful: bool = True) -> Case | None:
    """The case that carries the mark, None where there is none.

    doubtful: an earlier try may have made it. Raises TryAgain then until the index has caught up.
    """
    known = system.settling.made(mark)
    if known:
        return await system.case(known)
    found = await system.oldest_with_tag(tag_of(mark))
    if found:
        system.settling.remember(mark, system.key_of(found))
        return found
    system.settling.not_found(mark, now=now, doubtful=doubtful)
    return None
