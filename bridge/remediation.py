"""Remediation: the findings of scans, and the one ticket that a caller's push makes of each.

Question: does a push to a second provider make a second ticket? Options: the first ticket is the
only one; one for each provider. Choice: one for each provider, because the caller names the
system it works in. Consequence: within a provider nobody gets two, whoever asks and whatever rules
do beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.calling import Integration
from bridge.connectors.parameters import CreateTicket
from bridge.direct import Direct, Made, Purpose
from bridge.errors import NotFound
from bridge.event import JSON
from bridge.registry import Registry
from bridge.store.findings import (
    FINDING,
    PUSH,
    Earlier,
    made_by_rules,
    tickets_of_findings,
)
from bridge.store.links import Link
from bridge.store.records import Record, get_record, get_records, page_of_records, parts_of
from bridge.store.transaction import Database, Transaction
from bridge.text.escape import escape_markdown

SCAN = "scan"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket outside. provider: the connector's name; empty for an integration that is gone."""

    key: str
    provider: str
    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """One finding of a scan, with the tickets it has, the oldest first."""

    id: str
    title: str
    severity: str
    status: str
    data: Mapping[str, JSON]
    tickets: tuple[Ticket, ...] = ()

    def text(self, name: str) -> str:
        """A field of the finding as its scanner gave it; empty where there is none."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""


@dataclass(slots=True)
class Remediation:
    """Reads scans and pushes their findings. Raises NotFound for what the tenant has not."""

    database: Database
    registry: Registry
    direct: Direct

    async def scans(
        self, tenant: str, limit: int, before: tuple[int, str] | None
    ) -> Sequence[Record]:
        """The newest first. before: time and id of the last one of the page before."""
        return await self.database.read(lambda tx: page_of_records(tx, tenant, SCAN, limit, before))

    async def scan(self, tenant: str, scan_id: str) -> Record:
        return await self.database.read(lambda tx: find_scan(tx, tenant, scan_id))

    async def items(self, tenant: str, scan_id: str) -> Sequence[Item]:
        """The findings of a scan, in the scanner's order."""

        async def work(tx: Transaction) -> tuple[list[Item], dict[str, list[Link]]]:
            scan = await find_scan(tx, tenant, scan_id)
            found = await items_of(tx, scan)
            return found, await tickets_of_findings(tx, tenant, [one.id for one in found])

        found, links = await self.database.read(work)
        return [self._with_tickets(tenant, one, links.get(one.id, [])) for one in found]

    def _with_tickets(self, tenant: str, item: Item, links: Sequence[Link]) -> Item:
        kinds = {one.name: one.connector.name for one in self.registry.of(tenant)}
        tickets = {link.ticket: link for link in reversed(links)}
        shown = [
            Ticket(link.ticket, kinds.get(link.integration, ""), link.url)
            for link in reversed(tickets.values())
        ]
        return Item(item.id, item.title, item.severity, item.status, item.data, tuple(shown))

    def integration(self, tenant: str, provider: str) -> Integration:
        """Where a provider's tickets are made. Raises NotFound."""
        return self.registry.find(tenant, provider)

    async def push(
        self, tenant: str, scan_id: str, remediation_id: str, integration: Integration
    ) -> Made:
        """The ticket of a finding: made now, or the one it has. Raises TryAgain, GiveUp."""

        async def work(tx: Transaction) -> tuple[Record, Item]:
            scan = await find_scan(tx, tenant, scan_id)
            return scan, await find_item(tx, scan, remediation_id)

        scan, item = await self.database.read(work)
        provider = integration.connector.name
        names = [one.name for one in self.registry.of(tenant) if one.connector.name == provider]

        async def look(tx: Transaction) -> Earlier:
            return await made_by_rules(tx, tenant, item.id, names)

        purpose = Purpose(tenant, PUSH, f"{provider}:{item.id}", scan.subject, FINDING, item.id)
        return await self.direct.create_once(purpose, integration, ticket_for(scan, item), look)


async def find_scan(tx: Transaction, tenant: str, scan_id: str) -> Record:
    scan = await get_record(tx, tenant, SCAN, scan_id)
    if scan is None:
        raise NotFound("Scan not found")
    return scan


async def items_of(tx: Transaction, scan: Record) -> list[Item]:
    """What the scan itself named, then what other events said of it.

    A finding is of every scan that named it; its record knows only the last of them.
    """
    named = named_in(scan)
    records = {one.id: one for one in await get_records(tx, scan.tenant, FINDING, list(named))} | {
        one.id: one for one in await parts_of(tx, scan.tenant, FINDING, scan.id)
    }
    order = [*named, *(id_ for id_ in records if id_ not in named)]
    return [item_of(id_, records.get(id_), named.get(id_, {})) for id_ in order]


async def find_item(tx: Transaction, scan: Record, remediation_id: str) -> Item:
    named = named_in(scan)
    record = await get_record(tx, scan.tenant, FINDING, remediation_id)
    if remediation_id not in named and (record is None or record.parent != scan.id):
        raise NotFound("Remediation item not found")
    return item_of(remediation_id, record, named.get(remediation_id, {}))


def named_in(scan: Record) -> dict[str, dict[str, JSON]]:
    """The findings that the scan's own event listed, by id."""
    findings = scan.data.get("findings") if isinstance(scan.data, dict) else None
    return {
        str(one["id"]): one
        for one in (findings if isinstance(findings, list) else [])
        if isinstance(one, dict) and isinstance(one.get("id"), str | int) and one["id"] != ""
    }


def item_of(id_: str, record: Record | None, named: Mapping[str, JSON]) -> Item:
    """A finding as it was last heard of; else as the scan named it."""
    if record is not None and isinstance(record.data, dict):
        return Item(id_, record.title, record.severity, record.status, record.data)
    title, severity, status = (str(named.get(one) or "") for one in ("title", "severity", "status"))
    return Item(id_, title, severity, status, named)


def ticket_for(scan: Record, item: Item) -> CreateTicket:
    """What the ticket says. The scanner's words are data: no markup in them acts."""
    title = item.title or item.id
    facts = {
        "Severity": item.severity,
        "Target": item.text("target") or scan.title,
        "Location": item.text("location"),
        "Scan": scan.id,
        "Finding": item.id,
        "More": item.text("url"),
    }
    lines = [f"- **{name}:** {escape_markdown(value)}" for name, value in facts.items() if value]
    words = item.text("description")
    body = [escape_markdown(words)] if words.strip() else []
    return CreateTicket(
        summary=f"[{item.severity}] {title}" if item.severity else title,
        description="\n\n".join([*body, "\n".join(lines)]),
    )
