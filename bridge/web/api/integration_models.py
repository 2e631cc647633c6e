"""What `/api/v1/integrations` takes and answers, after document 002."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from bridge.event import JSON
from bridge.web.api.operation import ApiModel


class IntegrationType(StrEnum):
    """The systems a caller can make known."""

    SENTRY = "sentry"
    GITHUB = "github"
    SLACK = "slack"
    JIRA = "jira"
    LINEAR = "linear"
    CONFLUENCE = "confluence"


def _moment(text: str | None) -> str | None:
    if text:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("must be a time such as 2023-11-07T05:31:56Z") from None
    return text


Words = Annotated[str, Field(min_length=1, max_length=255)]
Text = Annotated[str | None, Field(max_length=255)]
Token = Annotated[str | None, Field(max_length=8192)]
Moment = Annotated[
    str | None,
    Field(max_length=40, json_schema_extra={"format": "date-time"}),
    AfterValidator(_moment),
]


class AuthData(ApiModel):
    """How the bridge proves itself there. Sealed in the store, shown to admins only."""

    access_token: Token = None
    refresh_token: Token = None
    """With it the access token is renewed before it ends."""
    token_type: Text = "Bearer"  # noqa: S105 (a kind, no token)
    expires_at: Moment = None
    """When the access token ends."""
    scope: Annotated[str | None, Field(max_length=2000)] = None
    code: Token = None
    """Of an OAuth callback; exchanged for tokens at once where there is no access_token."""


class ScopeData(ApiModel):
    """Which part of that system is meant."""

    org_slug: Text = None
    installation_id: Text = None
    workspace_id: Text = None
    project_id: Text = None


class IntegrationMetadata(ApiModel):
    """What people want to know of it."""

    instance_name: Text = None
    """A name, or the address of the instance, which then is where it is reached."""
    created_via: Text = None
    version: Text = None
    description: Annotated[str | None, Field(max_length=2000)] = None
    tags: Annotated[tuple[Words, ...], Field(max_length=50)] | None = None


Options = Annotated[dict[str, JsonValue], Field(max_length=50)]


class NewIntegration(ApiModel):
    """An integration to be made."""

    name: Words
    integration_type: IntegrationType
    auth_data: AuthData
    scope_data: ScopeData
    metadata: IntegrationMetadata
    unique_identifier: Words
    """Unique in the tenant; rules say `in:` with it, or with the name."""
    created_by: Words
    options: Options = Field(default_factory=dict)
    """Ours to add: further settings of that connector, such as `base_url` or `project`."""


class ChangedIntegration(ApiModel):
    """What is to change; what is left out stays. `auth_data` is replaced as a whole."""

    name: Words | None = None
    auth_data: AuthData | None = None
    scope_data: ScopeData | None = None
    metadata: IntegrationMetadata | None = None
    options: Options | None = None
    active: bool | None = None
    """false: its actions wait, and nothing is called."""


class ShownIntegration(ApiModel):
    """An integration. Who is no admin sees its secrets masked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    integration_id: str
    name: str
    integration_type: IntegrationType
    auth_data: AuthData
    scope_data: ScopeData
    metadata: IntegrationMetadata
    unique_identifier: str
    created_by: str
    status: str
    active: bool
    created_at: str
    updated_at: str
    options: dict[str, JsonValue]
    problem: str


class OneIntegration(ApiModel):
    """The answer about one integration."""

    success: bool = True
    data: ShownIntegration
    error: str | None = None


class IntegrationList(ApiModel):
    """The integrations that callers made, oldest first."""

    success: bool = True
    data: tuple[ShownIntegration, ...]
    error: str | None = None


class Found(ApiModel):
    """One thing that was looked at."""

    what: str
    ok: bool
    message: str
    hint: str


class Tested(ApiModel):
    """What a test found."""

    ok: bool
    findings: tuple[Found, ...]


class TestedIntegration(ApiModel):
    """The answer of a test."""

    success: bool = True
    data: Tested
    error: str | None = None


class Removed(ApiModel):
    """What was removed."""

    message: str


class RemovedIntegration(ApiModel):
    """The answer of a removal."""

    success: bool = True
    data: Removed
    error: str | None = None


EXAMPLE: JSON = {
    "name": "Security tickets",
    "integration_type": "jira",
    "auth_data": {"access_token": "…", "refresh_token": "…", "token_type": "Bearer"},
    "scope_data": {"workspace_id": "11223344-a1b2-3b33-c444-def123456789", "project_id": "SEC"},
    "metadata": {"instance_name": "acme", "created_via": "oauth_callback", "tags": ["security"]},
    "unique_identifier": "jira-acme",
    "created_by": "alice",
}
