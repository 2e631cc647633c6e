"""`/api/cases` and `/api/actions/connectors`: cases as Kibana's API has them, and their push.

After document 004. A space is a name for a tenant: a key's own tenant is the default space, and is
also named by its own name; every other space is another tenant's, and so is not there.
Refusals have Kibana's shape and words: 404 `Saved object [cases/…] not found`, 409 for a case that
is closed or has moved on, 424 where the system that was pushed to did not take it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bridge.access.role import Role
from bridge.case_find import Wanted, moment
from bridge.case_view import show
from bridge.casework import Casework
from bridge.clock import Clock
from bridge.errors import FieldProblem, FieldsRefused, NotFound
from bridge.event import JSON
from bridge.web.api.case_models import (
    CASE,
    Connector,
    FindQuery,
    FoundCases,
    GetQuery,
    PushBody,
)
from bridge.web.api.documented import CASE_PUSHED
from bridge.web.api.operation import Asked, Nothing, Operation
from bridge.web.api.shapes import KIBANA

TAG = "Cases"
DEFAULT_SPACE = "default"
IN_A_SPACE = "/s/{space_id}"

PUSH_ALSO = {
    400: "The connector takes no cases.",
    404: "There is no such case, connector or space, or it is another tenant's.",
    409: "The case is closed, or has moved on.",
    424: "The system that it was to be pushed to did not take it.",
}

CONNECTORS: dict[str, JSON] = {"type": "array", "items": Connector.model_json_schema()}


class CasesApi:
    """Cases, and the connectors they can be pushed to."""

    def __init__(self, casework: Casework, clock: Clock) -> None:
        self._casework = casework
        self._clock = clock

    def operations(self) -> tuple[Operation, ...]:
        rows = self._rows()
        in_space = [
            replace(one, path=IN_A_SPACE + one.path, name=f"{one.name}_in_space") for one in rows
        ]
        return (*rows, *in_space)

    def _rows(self) -> tuple[Operation, ...]:
        return (
            Operation(
                "GET", "/api/cases/_find", "find_cases", "Search cases.", TAG, Role.VIEWER,
                self.find, FoundCases, query=FindQuery, shape=KIBANA,
            ),
            Operation(
                "GET", "/api/cases/{case_id}", "get_case", "Get a case.", TAG, Role.VIEWER,
                self.get, CASE, query=GetQuery, shape=KIBANA,
            ),
            Operation(
                "POST", "/api/cases/{case_id}/connector/{connector_id}/_push", "push_case",
                "Push a case to an external service.", TAG, Role.OPERATOR, self.push, CASE,
                body=PushBody, body_optional=True, shape=KIBANA, also=PUSH_ALSO,
                examples={"push": {}}, shows={"pushed": CASE_PUSHED},
                description="`kbn-xsrf` may be sent, as Kibana asks for it; it is not needed here.",
            ),
            Operation(
                "GET", "/api/actions/connectors", "list_connectors", "Get all connectors.", TAG,
                Role.VIEWER, self.connectors, CONNECTORS, shape=KIBANA,
            ),
        )  # fmt: skip

    async def get(self, asked: Asked[None, GetQuery]) -> JSON:
        tenant = tenant_of(asked)
        known = await self._casework.get(tenant, asked.path["case_id"])
        shown: dict[str, JSON] = show(known, comments=asked.query.include_comments)
        return shown

    async def find(self, asked: Asked[None, FindQuery]) -> FoundCases:
        tenant, query = tenant_of(asked), asked.query
        found = await self._casework.search(tenant, self._wanted(query))
        return FoundCases(
            cases=tuple(show(known, comments=False) for known in found.page),
            page=query.page,
            per_page=query.per_page,
            total=found.total,
            count_open_cases=found.counts["open"],
            count_in_progress_cases=found.counts["in-progress"],
            count_closed_cases=found.counts["closed"],
        )

    async def push(self, asked: Asked[PushBody, Nothing]) -> JSON:
        tenant_of(asked)
        case_id, connector_id = asked.path["case_id"], asked.path["connector_id"]
        known = await self._casework.push(
            asked.who, case_id, connector_id, asked.body.version, asked.request_id
        )
        shown: dict[str, JSON] = show(known)
        return shown

    async def connectors(self, asked: Asked[None, Nothing]) -> JSON:
        found = await self._casework.connectors(tenant_of(asked))
        return [
            Connector(
                id=one.id,
                name=one.name,
                connector_type_id=one.type_id,
                is_preconfigured=one.configured,
                is_deprecated=False,
                is_missing_secrets=False,
                is_system_action=False,
                referenced_by_count=one.referenced_by,
            ).model_dump()
            for one in found
        ]

    def _wanted(self, query: FindQuery) -> Wanted:
        """Raises FieldsRefused for a time that is none."""
        now, bounds = self._clock(), []
        for name, text in (("from", query.from_), ("to", query.to)):
            try:
                bounds.append(moment(text, now) if text else None)
            except ValueError as error:
                words = f"{text[:60]!r} is no time: expected now-1d or 2026-11-26T09:00:00Z"
                raise FieldsRefused([FieldProblem(("query", name), words, "time")]) from error
        return Wanted(
            status=query.status or "",
            severity=query.severity or "",
            owners=query.owner,
            tags=query.tags,
            reporters=query.reporters,
            assignees=query.assignees,
            categories=query.category,
            words=words_of(query.search),
            all_words=query.default_search_operator == "AND",
            in_fields=query.search_fields,
            created_from=bounds[0],
            created_to=bounds[1],
            sort_field=query.sort_field,
            descending=query.sort_order == "desc",
            page=query.page,
            per_page=query.per_page,
        )


def words_of(search: str) -> Sequence[str]:
    """The words of a search. Signs that Elasticsearch's query language gives a meaning to stand
    for nothing here."""
    return [word for part in search.lower().split() if (word := part.strip('*"+|()~'))]


def tenant_of(asked: Asked[Any, Any]) -> str:
    """The tenant that the request is about: the key's. Raises NotFound for another's space."""
    space, tenant = asked.path.get("space_id", DEFAULT_SPACE), asked.who.tenant
    if space not in (DEFAULT_SPACE, tenant):
        raise NotFound(f"Saved object [space/{space}] not found")
    return tenant
