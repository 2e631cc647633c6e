"""The settings of a Sentry integration."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bridge.connectors.credentials import Credentials, Way
from bridge.connectors.site import address

SLUG = re.compile(r"[a-z0-9_][a-z0-9_-]{0,49}")


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise ValueError("must be a slug: small letters, digits, - and _")
    return text


Slug = Annotated[str, AfterValidator(_slug)]


class SentryAuth(Credentials):
    """`auth_token` (of an internal integration or a person) or `access_token` (OAuth 2.0)."""

    ways = (Way("auth_token"), Way("access_token"))

    auth_token: SecretStr | None = Field(None, description="With event:read and event:write.")
    access_token: SecretStr | None = Field(None, description="OAuth 2.0, of an app.")


class SentrySettings(BaseModel):
    """What an integration of type `sentry` needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(address)] = Field(
        "https://sentry.io", description="Or https://de.sentry.io, or a self-hosted one."
    )
    auth: SentryAuth
    organization: Slug = Field(description="The organization's slug.")
    project: Slug | None = Field(None, description="A project's slug; doctor alone looks at it.")
    timeout_seconds: float = Field(30.0, gt=0, le=600, description="How long a request may take.")
