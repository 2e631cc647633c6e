"""The settings of a TheHive integration."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bridge.connectors.credentials import Credentials, Way
from bridge.connectors.site import address

TITLE_LIMIT = 512
TEXT_LIMIT = 1_048_576
TAG_LIMIT = 128
"""All of TheHive's own description of its API."""


class TheHiveAuth(Credentials):
    """Either `api_key` (sent as bearer), or `username` and `password`."""

    ways = (Way("api_key"), Way("password", "username"))

    api_key: SecretStr | None = Field(None, description="Of a service account, or of a person.")
    username: str = Field("", description="For basic authentication.")
    password: SecretStr | None = Field(None, description="For basic authentication.")


class TheHiveSettings(BaseModel):
    """What an integration of type `thehive` needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(address)] = Field(
        description="Such as https://thehive.example.com, without /api."
    )
    auth: TheHiveAuth
    organisation: str = Field(
        "", description="For an account of several organisations; else its own default."
    )
    closed_status: str = Field(
        "Other",
        min_length=1,
        max_length=64,
        description="The status of a case that is closed without saying why, such as TruePositive.",
    )
    case_template: str = Field("", description="Name of the template for cases that are made.")
    timeout_seconds: float = Field(
        30.0, gt=0, le=600, description="How long one request may take; ample for one case."
    )
