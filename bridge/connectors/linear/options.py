"""The settings of a Linear integration."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bridge.connectors.credentials import Credentials, Way
from bridge.connectors.site import address

TITLE_LIMIT = 255
TEXT_LIMIT = 100_000
"""Characters of a description or comment. Linear names no limit; arbitrary, and far more than
anybody reads."""


class LinearAuth(Credentials):
    """`api_key` (personal, sent as it is) or `access_token` (OAuth 2.0, sent as bearer)."""

    ways = (Way("api_key", scheme=""), Way("access_token"))

    api_key: SecretStr | None = Field(None, description="lin_api_…, of a person or a bot user.")
    access_token: SecretStr | None = Field(None, description="OAuth 2.0, of an app.")


class LinearSettings(BaseModel):
    """What an integration of type `linear` needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(address)] = Field(
        "https://api.linear.app", description="Other for the sandbox or a proxy."
    )
    auth: LinearAuth
    team: str | None = Field(
        None, description="Key or name of the team that issues go to by default, such as ENG."
    )
    make_labels: bool = Field(
        True, description="Make a label that the team does not have yet; else it is left out."
    )
    timeout_seconds: float = Field(30.0, gt=0, le=600, description="How long a request may take.")
