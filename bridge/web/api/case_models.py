"""What goes in and out of the Cases API, in Kibana's words.

The case object itself is made by `case_view.py`; its schema stands here for `/openapi.json`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StrictStr, model_validator
from pydantic.alias_generators import to_camel

from bridge.event import JSON
from bridge.web.api.operation import ApiModel

MOST_PAGE = 10_000


def as_list(value: object) -> object:
    """One value or several: a parameter that is given once is a list of one."""
    return [value] if isinstance(value, str) else value


Texts = Annotated[
    tuple[Annotated[str, Field(max_length=512)], ...],
    Field(max_length=100),
    BeforeValidator(as_list),
]
Text = Annotated[str, Field(max_length=1024)]


class PushBody(ApiModel):
    """Nothing has to be said."""

    model_config = ConfigDict(json_schema_extra={"type": ["object", "null"]})

    version: Annotated[StrictStr, Field(max_length=200)] = ""
    """What the caller takes the case to be; where it is another by now, the answer is 409."""

    @model_validator(mode="before")
    @classmethod
    def _may_be_null(cls, value: Any) -> Any:
        return {} if value is None else value


class GetQuery(ApiModel):
    """How much of a case."""

    model_config = ConfigDict(alias_generator=to_camel)

    include_comments: bool = True
    """Whether its comments come along."""


class FindQuery(ApiModel):
    """Which cases, and in which order."""

    model_config = ConfigDict(alias_generator=to_camel)

    status: Literal["open", "in-progress", "closed"] | None = None
    severity: Literal["low", "medium", "high", "critical"] | None = None
    owner: Texts = ()
    tags: Texts = ()
    reporters: Texts = ()
    """User names of those who made the case."""
    assignees: Texts = ()
    """Profile ids, or `none`."""
    category: Texts = ()
    search: Text = ""
    """Words to look for."""
    search_fields: Annotated[
        tuple[Literal["title", "description"], ...], BeforeValidator(as_list)
    ] = ("title", "description")
    default_search_operator: Literal["AND", "OR"] = "OR"
    """Whether all the words must be there, or one."""
    from_: Text = Field("", alias="from")
    """Made since: `now-1d`, or a date."""
    to: Text = ""
    """Made until then."""
    sort_field: Literal[
        "createdAt", "updatedAt", "closedAt", "title", "category", "status", "severity"
    ] = "createdAt"
    sort_order: Literal["asc", "desc"] = "desc"
    page: Annotated[int, Field(ge=1, le=MOST_PAGE)] = 1
    per_page: Annotated[int, Field(ge=1, le=100)] = 20


class FoundCases(ApiModel):
    """One page of cases, without their comments."""

    cases: tuple[dict[str, Any], ...]
    page: int
    per_page: int
    total: int
    count_open_cases: int
    count_in_progress_cases: int
    count_closed_cases: int


class Connector(ApiModel):
    """An integration that cases can be pushed to, or another one of the tenant's."""

    id: str
    name: str
    connector_type_id: str
    """`.jira`; `.cases-webhook` for other systems that take cases."""
    is_preconfigured: bool
    """Whether it stands in the configuration."""
    is_deprecated: bool
    is_missing_secrets: bool
    is_system_action: bool
    referenced_by_count: int
    """How many cases were pushed to it."""


def _nullable(kind: str) -> JSON:
    return {"type": [kind, "null"]}


_TEXT: JSON = {"type": "string"}
_MAYBE: JSON = _nullable("string")
_NUMBER: JSON = {"type": "integer"}
_PERSON: JSON = {
    "type": ["object", "null"],
    "required": ["username", "full_name", "email"],
    "properties": {"username": _MAYBE, "full_name": _MAYBE, "email": _MAYBE},
}
_SERVICE: JSON = {
    "type": ["object", "null"],
    "properties": {
        "pushed_at": _TEXT,
        "pushed_by": _PERSON,
        "connector_id": _TEXT,
        "connector_name": _TEXT,
        "external_id": _TEXT,
        "external_title": _TEXT,
        "external_url": _TEXT,
    },
}
_CONNECTOR: JSON = {
    "type": "object",
    "required": ["id", "name", "type", "fields"],
    "properties": {"id": _TEXT, "name": _TEXT, "type": _TEXT, "fields": _nullable("object")},
}
_PROPERTIES: dict[str, JSON] = {
    "id": _TEXT,
    "version": _TEXT,
    "comments": {"type": "array", "items": {"type": "object", "required": ["id", "type"]}},
    "totalComment": _NUMBER,
    "totalAlerts": _NUMBER,
    "description": _TEXT,
    "title": _TEXT,
    "tags": {"type": "array", "items": _TEXT},
    "settings": {"type": "object", "properties": {"syncAlerts": {"type": "boolean"}}},
    "owner": {"enum": ["cases", "observability", "securitySolution"]},
    "duration": _nullable("integer"),
    "severity": {"enum": ["low", "medium", "high", "critical"]},
    "closed_at": _MAYBE,
    "closed_by": _PERSON,
    "created_at": _TEXT,
    "created_by": _PERSON,
    "status": {"enum": ["open", "in-progress", "closed"]},
    "updated_at": _MAYBE,
    "updated_by": _PERSON,
    "connector": _CONNECTOR,
    "external_service": _SERVICE,
}
CASE: dict[str, JSON] = {
    "type": "object",
    "title": "Case",
    "required": list(_PROPERTIES),
    "properties": _PROPERTIES,
}
"""JSON Schema of the case object."""
