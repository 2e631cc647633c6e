"""append_table: tables below a case's description."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.marked_tables import append_tables as append_all
from bridge.connectors.parameters import AppendTable
from bridge.connectors.thehive.client import TheHive, case_key, case_path
from bridge.connectors.thehive.options import TEXT_LIMIT


async def append_table(thehive: TheHive, call: Call[AppendTable]) -> Outcome:
    (outcome,) = await append_tables(thehive, [call])
    return outcome


async def append_tables(thehive: TheHive, calls: Sequence[Call[AppendTable]]) -> list[Outcome]:
    return await append_all(TheHiveHolder(thehive, calls[0].parameters.ticket), calls)


@dataclass(frozen=True, slots=True)
class TheHiveHolder:
    """A case. It has no version: a person may still save between our read and our write, and the
    description is read once more to see whether the table is there."""

    thehive: TheHive
    ticket: str
    limit: int = TEXT_LIMIT

    async def read(self) -> str:
        return str((await self.thehive.case(self.ticket)).get("description") or "")

    async def change(self, wanted: Callable[[str], str]) -> None:
        text = wanted(await self.read())
        await self.thehive.patch(case_path(self.ticket), {"description": text})

    async def comments(self) -> AsyncIterator[str]:
        async for one in self.thehive.parts("getCase", case_key(self.ticket), "comments"):
            yield str(one.get("message", ""))

    async def add_comment(self, text: str, mark: str) -> None:
        del mark
        await self.thehive.post(f"{case_path(self.ticket)}/comment", {"message": text})
