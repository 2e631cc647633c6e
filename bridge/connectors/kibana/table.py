"""append_table: tables below a case's description, saved with its version."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.kibana.client import Kibana
from bridge.connectors.kibana.comments import add_comment
from bridge.connectors.kibana.options import TEXT_LIMIT
from bridge.connectors.marked_tables import append_tables as append_all
from bridge.connectors.parameters import AppendTable
from bridge.connectors.tagged_cases import Case
from bridge.event import JSON


async def append_table(kibana: Kibana, call: Call[AppendTable]) -> Outcome:
    (outcome,) = await append_tables(kibana, [call])
    return outcome


async def append_tables(kibana: Kibana, calls: Sequence[Call[AppendTable]]) -> list[Outcome]:
    return await append_all(KibanaHolder(kibana, calls[0].parameters.ticket), calls)


@dataclass(frozen=True, slots=True)
class KibanaHolder:
    """A case. What others wrote since it was read is kept: its version tells of it."""

    kibana: Kibana
    ticket: str
    limit: int = TEXT_LIMIT

    async def read(self) -> str:
        return str((await self.kibana.case(self.ticket)).get("description") or "")

    async def change(self, wanted: Callable[[str], str]) -> None:
        def fields(case: Case) -> dict[str, JSON]:
            before = str(case.get("description") or "")
            after = wanted(before)
            return {"description": after} if after != before else {}

        await self.kibana.change(self.ticket, fields)

    async def comments(self) -> AsyncIterator[str]:
        async for one in self.kibana.comments(self.ticket):
            yield str(one.get("comment", ""))

    async def add_comment(self, text: str, mark: str) -> None:
        await add_comment(self.kibana, self.ticket, text, mark)
