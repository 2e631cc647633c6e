"""What a storm asks of each end."""

from __future__ import annotations

from collections import Counter
from typing import Protocol, TypeAlias

Writes: TypeAlias = "Counter[tuple[str, str]]"
"""How often the bridge has set a field to a value, in the end's own words."""

ANNA, BEN = "anna", "ben"


class End(Protocol):
    """One side of a pair. `thing` is what links and sync rules call it."""

    async def make(self) -> str:
        """A new thing, as open and as unimportant as can be."""
        ...

    async def read(self, thing: str) -> dict[str, str]: ...

    async def change(self, thing: str, field: str, value: str) -> bool:
        """As a person; false where the system has no such way from where it stands."""
        ...

    async def remark(self, thing: str, text: str) -> str:
        """A comment of a person's; gives its id."""
        ...

    async def edit_remark(self, thing: str, remark_id: str, text: str) -> None: ...

    async def remarks(self, thing: str) -> list[str]: ...

    async def wrote(self, thing: str) -> Writes: ...

    def path(self, thing: str) -> str:
        """Where the stand-in has it."""
        ...
