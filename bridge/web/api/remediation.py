"""`/tenant/scans`: scans, their findings, and the push of one to a ticketing system.

Document: "Push a remediation item to an external ticketing integration"
(`POST /tenant/scans/{scan_id}/integrations/push`); the paths beside it are ours.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bridge.access.role import Role
from bridge.clock import Clock, iso
from bridge.errors import BackendFailed, FieldProblem, FieldsRefused, GiveUp, NotFound
from bridge.event import JSON
from bridge.remediation import Item, Remediation
from bridge.store.audit import add_change
from bridge.store.records import Record
from bridge.web.api.documented import PUSH
from bridge.web.api.operation import ApiModel, Asked, Limit, Nothing, Operation
from bridge.web.api.shapes import DETAIL

TAG = "Remediation"
SEVERITIES = ("critical", "high", "medium", "low", "info")


class Provider(StrEnum):
    """The ticketing systems a push can go to."""

    JIRA = "jira"
    GITHUB = "github"
    LINEAR = "linear"


class CamelModel(ApiModel):
    """As the document writes names."""

    model_config = ConfigDict(alias_generator=to_camel)


class CamelAnswer(CamelModel):
    """What goes out; made with the names that we use."""

    model_config = ConfigDict(validate_by_name=True)


class PushRequest(CamelModel):
    """Which finding goes where."""

    remediation_id: Annotated[str, Field(min_length=1, max_length=1000)]
    """Remediation backlog item id."""
    provider: Provider = Provider.JIRA
    """Ticketing provider."""


class PushAnswer(CamelAnswer):
    """The one ticket of the finding, made now or before."""

    ticket_id: str
    """Created external ticket id."""
    provider: Provider
    """Provider used for push."""


class Counts(ApiModel):
    """Findings by severity."""

    critical: int
    high: int
    medium: int
    low: int
    info: int
    total: int


class ShownScan(CamelAnswer):
    """A scan as its last event told it."""

    scan_id: str
    target: str
    source: str
    status: str
    score: int | float | None
    band: str | None
    message: str | None
    url: str | None
    counts: Counts
    finished_at: str
    """When its event happened."""


class ScanList(CamelAnswer):
    """Scans, the newest first."""

    scans: tuple[ShownScan, ...]
    next: str | None
    """`cursor` of the next page; null at the end."""


class ShownTicket(CamelAnswer):
    """A ticket outside."""

    ticket_id: str
    provider: str
    url: str


class ShownItem(CamelAnswer):
    """A finding of the scan, as it was last heard of."""

    remediation_id: str
    """What a push names."""
    title: str
    severity: str
    status: str
    description: str
    location: str | None
    url: str | None
    tickets: tuple[ShownTicket, ...]
    """Made by pushes or rules, the oldest first."""


class ItemList(CamelAnswer):
    """Findings of a scan, in the scanner's order."""

    scan_id: str
    items: tuple[ShownItem, ...]
    total: int


def _cursor(text: str) -> str:
    if text:
        cursor_of(text)
    return text


class ScansQuery(ApiModel):
    """Which page of scans."""

    limit: Limit = 100
    """How many at most."""
    cursor: Annotated[str, Field(max_length=1200), AfterValidator(_cursor)] = ""
    """`next` of the page before."""


class ItemsQuery(ApiModel):
    """Which findings of a scan."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 500
    """How many at most."""
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """How many to leave out."""


PUSHED = {
    500: "The provider refused the ticket, or a mistake of ours; the log has it by the requestId.",
    503: "The provider does not answer, or somebody else is making this ticket now; "
    "a push that is repeated makes no second one. Or there is no API key yet.",
}


class RemediationApi:
    """Scans, findings, and their push."""

    def __init__(self, remediation: Remediation, clock: Clock) -> None:
        self._remediation = remediation
        self._clock = clock

    def operations(self) -> tuple[Operation, ...]:
        one = "/tenant/scans/{scan_id}"
        return (
            Operation(
                "GET", "/tenant/scans", "list_scans", "List the scans of the tenant.", TAG,
                Role.VIEWER, self.scans, ScanList, query=ScansQuery, shape=DETAIL,
            ),
            Operation(
                "GET", f"{one}/remediation", "list_remediation", "List the findings of a scan.",
                TAG, Role.VIEWER, self.items, ItemList, query=ItemsQuery, shape=DETAIL,
                slashes=True,
            ),
            Operation(
                "POST", f"{one}/integrations/push", "push_remediation",
                "Push a remediation item to an external ticketing integration.", TAG,
                Role.OPERATOR, self.push, PushAnswer, body=PushRequest, shape=DETAIL, slashes=True,
                also=PUSHED, description=DESCRIPTION,
                examples={
                    "jira": PUSH,
                    "default provider": {"remediationId": "rem_001"},
                },
            ),
            Operation(
                "GET", one, "get_scan", "Show a scan.", TAG, Role.VIEWER, self.scan, ShownScan,
                shape=DETAIL, slashes=True,
            ),
        )  # fmt: skip

    async def scans(self, asked: Asked[None, ScansQuery]) -> ScanList:
        query = asked.query
        before = cursor_of(query.cursor) if query.cursor else None
        found = await self._remediation.scans(asked.who.tenant, query.limit + 1, before)
        page = found[: query.limit]
        more = len(found) > query.limit
        return ScanList(
            scans=tuple(shown_scan(one) for one in page),
            next=f"{page[-1].event_time}.{page[-1].id}" if more else None,
        )

    async def scan(self, asked: Asked[None, Nothing]) -> ShownScan:
        return shown_scan(await self._remediation.scan(asked.who.tenant, asked.path["scan_id"]))

    async def items(self, asked: Asked[None, ItemsQuery]) -> ItemList:
        scan_id, query = asked.path["scan_id"], asked.query
        found = await self._remediation.items(asked.who.tenant, scan_id)
        page = found[query.offset : query.offset + query.limit]
        return ItemList(
            scan_id=scan_id, items=tuple(shown_item(one) for one in page), total=len(found)
        )

    async def push(self, asked: Asked[PushRequest, Nothing]) -> PushAnswer:
        who, scan_id, body = asked.who, asked.path["scan_id"], asked.body
        await self._remediation.scan(who.tenant, scan_id)  # 404 goes before what is configured
        try:
            integration = self._remediation.integration(who.tenant, body.provider.value)
        except NotFound as error:
            problem = FieldProblem(("body", "provider"), str(error), "provider_not_configured")
            raise FieldsRefused([problem]) from error
        try:
            made = await self._remediation.push(
                who.tenant, scan_id, body.remediation_id, integration
            )
        except GiveUp as error:
            raise BackendFailed(error.reason) from error
        if made.new:
            change = who.change(
                self._clock(), "remediation.push", body.remediation_id, asked.request_id,
                scan=scan_id, ticket=made.ticket, integration=made.integration,
            )  # fmt: skip
            await self._remediation.database.write(lambda tx: add_change(tx, change))
        return PushAnswer(ticket_id=made.ticket, provider=body.provider)


DESCRIPTION = (
    "There is one ticket for each finding and provider: a second push gives the same one, and so "
    "does a ticket that a rule has made of the finding."
)


def shown_scan(scan: Record) -> ShownScan:
    data = scan.data if isinstance(scan.data, dict) else {}
    counts = data.get("counts")
    numbers = counts if isinstance(counts, dict) else {}
    score = data.get("score")
    return ShownScan(
        scan_id=scan.id,
        target=scan.title,
        source=scan.source,
        status=scan.status,
        score=score if isinstance(score, int | float) and not isinstance(score, bool) else None,
        band=words(data, "band"),
        message=words(data, "message"),
        url=scan.url or None,
        counts=Counts(**{name: number(numbers.get(name)) for name in (*SEVERITIES, "total")}),
        finished_at=iso(scan.event_time),
    )


def shown_item(item: Item) -> ShownItem:
    return ShownItem(
        remediation_id=item.id,
        title=item.title,
        severity=item.severity,
        status=item.status,
        description=item.text("description"),
        location=item.text("location") or None,
        url=item.text("url") or None,
        tickets=tuple(
            ShownTicket(ticket_id=one.key, provider=one.provider, url=one.url)
            for one in item.tickets
        ),
    )


def words(data: dict[str, JSON], name: str) -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) else None


def number(value: JSON) -> int:
    """A sender's own counts may be anything."""
    return int(value) if isinstance(value, int | float) and abs(value) < 2**53 else 0


def cursor_of(text: str) -> tuple[int, str]:
    """Time and id of the last scan of a page. Raises ValueError."""
    time, _, id_ = text.partition(".")
    if not (time.isascii() and time.isdigit() and len(time) < 19 and id_):
        raise ValueError("is not the `next` of a page")
    return int(time), id_
