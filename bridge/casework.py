"""The cases of a tenant: shown, searched, and pushed to where they are worked on.

A push goes the way that rules' pushes go (`cases.py`), so that whoever pushes first makes the
incident and all others keep it up to date.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import structlog
from pydantic import JsonValue

from bridge.action import Outcome
from bridge.again import until_sure
from bridge.calling import Integration
from bridge.case_find import Found, Wanted, find
from bridge.case_view import Known, Shown, is_text_comment, status_of
from bridge.casebook import KIND, known_service, new_version
from bridge.cases import Pusher
from bridge.clock import Clock
from bridge.connectors.cases import PushCase
from bridge.direct import PATIENCE_SECONDS, Direct
from bridge.errors import (
    Conflict,
    ConnectorError,
    GiveUp,
    Hold,
    NotFound,
    PushFailed,
    RequestRefused,
    TryAgain,
)
from bridge.event import JSON
from bridge.principal import Principal
from bridge.registry import Registry
from bridge.store import cases
from bridge.store.audit import add_change
from bridge.store.cases import Incident
from bridge.store.records import Record, get_record, list_records
from bridge.store.transaction import Database, Transaction
from bridge.ties import PUSHES_CASE

MOST_CASES = 10_000
"""Cases that a search looks through, the last changed first: as many as Kibana gives at most."""

JIRA = "jira"
CONNECTOR_TYPES = {JIRA: ".jira", "slack": ".slack_api", "pagerduty": ".pagerduty"}
"""What Kibana calls a connector of each of our types, where it has a word of its own."""

log = structlog.get_logger("bridge.cases")


@dataclass(frozen=True, slots=True)
class ConnectorView:
    """An integration as a connector. referenced_by: how many cases were pushed to it."""

    id: str
    name: str
    type_id: str
    configured: bool
    referenced_by: int


@dataclass(slots=True)
class Casework:
    """Everything that the Cases API does. sleep: what waiting for a lagging search is done with."""

    database: Database
    clock: Clock
    registry: Registry
    direct: Direct
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    # --- reading ----------------------------------------------------------------------------

    async def get(self, tenant: str, case_id: str) -> Known:
        """Raises NotFound in Kibana's words."""
        return await self.database.read(lambda tx: self._known(tx, tenant, case_id))

    async def search(self, tenant: str, wanted: Wanted) -> Found:
        """One page of the cases that fit, without their comments."""

        async def work(tx: Transaction) -> Sequence[Record]:
            return await list_records(tx, tenant, KIND, MOST_CASES)

        records = await self.database.read(work)
        ids = [record.id for record in records]

        async def beside(tx: Transaction) -> list[Known]:
            versions = await cases.versions(tx, tenant, ids)
            pushed = await cases.last_incidents(tx, tenant, ids)
            counts = await cases.count_comments(tx, tenant, ids)
            return [
                self._put_together(
                    record, versions.get(record.id, ""), pushed.get(record.id),
                    counts.get(record.id, 0),
                )
                for record in records
            ]  # fmt: skip

        known = await self.database.read(beside)
        # Beside the loop: ten thousand cases take longer than a delivery should wait.
        return await asyncio.to_thread(find, known, wanted)

    async def connectors(self, tenant: str) -> list[ConnectorView]:
        """The tenant's integrations that are switched on, by name."""
        counts = await self.database.read(lambda tx: cases.count_incidents(tx, tenant))
        found = {one.public_id: one for one in self.registry.of(tenant) if one.enabled}
        return [
            ConnectorView(
                id_, one.title or one.name, type_of(one), not one.id, counts.get(one.name, 0)
            )
            for id_, one in found.items()
        ]

    async def _known(self, tx: Transaction, tenant: str, case_id: str) -> Known:
        record = await get_record(tx, tenant, KIND, case_id)
        if record is None:
            raise NotFound(f"Saved object [cases/{case_id}] not found")
        comments = await cases.list_comments(tx, tenant, case_id)
        versions = await cases.versions(tx, tenant, [case_id])
        pushed = await cases.last_incidents(tx, tenant, [case_id])
        count = sum(1 for one in comments if is_text_comment(one))
        known = self._put_together(record, versions.get(case_id, ""), pushed.get(case_id), count)
        return replace(known, comments=comments)

    def _put_together(
        self, record: Record, version: str, incident: Incident | None, count: int
    ) -> Known:
        if incident is None:
            return Known(record, version or new_version(0), (), count)
        integration = self.registry.get((record.tenant, incident.integration))
        name = incident.integration
        own = record.data.get("connector") if isinstance(record.data, dict) else None
        called = own.get("id") if isinstance(own, dict) else None
        id_ = integration.public_id if integration and called != name else name
        title = (integration.title or name) if integration else name
        kind = type_of(integration) if integration else ".cases-webhook"
        fields: JSON = {"issueType": None, "parent": None, "priority": None}
        pushed_with: Shown = {
            "id": id_, "name": title, "type": kind, "fields": fields if kind == ".jira" else None,
        }  # fmt: skip
        service = known_service(incident, id_, title)
        return Known(record, version, (), count, service, pushed_with)

    # --- pushing ----------------------------------------------------------------------------

    async def push(
        self, who: Principal, case_id: str, connector_id: str, version: str, request_id: str
    ) -> Known:
        """Makes or updates the incident of a case, and gives the case as it is then.

        version: what the caller takes the case to be; empty where it does not care.
        Raises NotFound, Conflict, PushFailed, RequestRefused.
        """
        try:
            async with self.direct.alone((who.tenant, PUSHES_CASE, case_id)):
                return await self._push(who, case_id, connector_id, version, request_id)
        except TryAgain as error:  # another node pushes it, and does not come to an end
            raise PushFailed(error.reason) from error

    async def _push(
        self, who: Principal, case_id: str, connector_id: str, version: str, request_id: str
    ) -> Known:
        known = await self.get(who.tenant, case_id)
        integration = self._connector(who.tenant, connector_id)
        check_pushable(known, version)
        outcome = await self._send(who, known, integration)
        now = self.clock()
        key = str(outcome.outputs.get("key", ""))
        change = who.change(
            now, "case.push", case_id, request_id, connector=connector_id, ticket=key
        )
        await self.database.write(lambda tx: add_change(tx, change))
        after = await self.get(who.tenant, case_id)
        if after.record.event_id != known.record.event_id:
            # What was pushed stays; it is only not all there is to push any more.
            raise Conflict(stale(case_id))
        return after

    def _connector(self, tenant: str, connector_id: str) -> Integration:
        """Raises NotFound in Kibana's words, RequestRefused for one that takes no cases."""
        try:
            found = self.registry.by_id(tenant, connector_id)
        except NotFound as error:
            if why := self.registry.trouble((tenant, connector_id)):
                raise PushFailed(f"connector {connector_id} cannot be used: {why}") from error
            raise NotFound(f"Saved object [action/{connector_id}] not found") from error
        if found.connector.action(PUSHES_CASE) is None:
            raise RequestRefused(f"connector {connector_id} ({type_of(found)}) takes no cases")
        if not found.enabled:
            raise PushFailed(f"{found.title or found.name} is switched off")
        return found

    async def _send(self, who: Principal, known: Known, integration: Integration) -> Outcome:
        """Raises PushFailed."""
        by: JSON = {"username": who.username, "full_name": None, "email": who.email or None}
        chosen = chosen_fields(known, integration)
        parameters = PushCase(case=case_to_push(known))
        try:
            return await self._surely(integration, parameters.model_copy(update=chosen), by)
        except GiveUp as error:
            if not chosen or error.status != 400:
                raise _failed(error) from error
            # The case comes from another system, whose issue types may be none here.
            log.warning("pushed without the case's fields", case=known.record.id, why=error.reason)
        except TryAgain as error:
            raise _failed(error) from error
        try:
            return await self._surely(integration, parameters, by)
        except ConnectorError as error:
            raise _failed(error) from error

    async def _surely(self, integration: Integration, parameters: PushCase, by: JSON) -> Outcome:
        """A push finds by the case's mark what an earlier one made, so each try is the same."""
        return await until_sure(lambda _: self._patiently(integration, parameters, by), self.sleep)

    async def _patiently(self, integration: Integration, parameters: PushCase, by: JSON) -> Outcome:
        pusher = Pusher(self.database, self.direct.caller, self.clock)
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await pusher.push(integration, parameters, by)
            except Hold as hold:
                if time.monotonic() + hold.seconds > until:
                    raise TryAgain(str(hold), after_seconds=hold.seconds) from hold
                await asyncio.sleep(hold.seconds)


def type_of(integration: Integration) -> str:
    """What Kibana calls a connector of this kind; `.cases-webhook` for whatever takes cases."""
    takes_cases = integration.connector.action(PUSHES_CASE) is not None
    default = ".cases-webhook" if takes_cases else ".webhook"
    return CONNECTOR_TYPES.get(integration.connector.name, default)


def stale(case_id: str) -> str:
    return f"This case {case_id} has been updated. Please refresh before saving additional updates."


def check_pushable(known: Known, version: str) -> None:
    """Raises Conflict for a case that is closed, and for one that has moved on."""
    if version and version != known.version:
        raise Conflict(stale(known.record.id))
    if status_of(known) == "closed":
        title = known.record.title
        raise Conflict(f"The {title} case is closed. Pushing a closed case is not allowed.")


def case_to_push(known: Known) -> dict[str, JsonValue]:
    """The case with every comment that was ever told of it."""
    comments: list[JSON] = [
        {**one.data, "id": one.id} for one in known.comments if is_text_comment(one)
    ]
    data = {name: value for name, value in known.data.items() if name != "comment"}
    told = data.get("title")
    title = told if isinstance(told, str) and told else known.record.title or known.record.id
    return {**data, "id": known.record.id, "title": title, "comments": comments}


def chosen_fields(known: Known, integration: Integration) -> dict[str, JSON]:
    """What the case chose for this connector: issue type, priority and parent in Jira."""
    connector = known.data.get("connector")
    if integration.connector.name != JIRA or not isinstance(connector, dict):
        return {}
    fields = connector.get("fields")
    ids = (integration.public_id, integration.name)
    if connector.get("id") not in ids or not isinstance(fields, dict):
        return {}
    chosen: dict[str, JSON] = {}
    issue_type, priority, parent = (fields.get(one) for one in ("issueType", "priority", "parent"))
    if isinstance(issue_type, str) and issue_type:
        if issue_type.isdecimal():
            chosen["fields"] = {"issuetype": {"id": issue_type}}
        else:
            chosen["issue_type"] = issue_type
    if isinstance(priority, str) and priority:
        chosen["priority"] = priority
    if isinstance(parent, str) and parent:
        chosen["parent"] = parent
    return chosen


def _failed(error: ConnectorError) -> PushFailed:
    return PushFailed(f"Error pushing to service: {error.reason}")
