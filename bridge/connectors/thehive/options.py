"""The settings of a TheHive integration."""

from __future__ import annotations

import base64
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bridge.connectors.site import address

TITLE_LIMIT = 512
TEXT_LIMIT = 1_048_576
TAG_LIMIT = 128
"""All of TheHive's own description of its API."""


class TheHiveAuth(BaseModel):
    """Either `api_key` (sent as bearer), or `username` and `password`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    api_key: SecretStr | None = Field(None, description="Of a service account, or of a person.")
    username: str = Field("", description="For basic authentication.")
    password: SecretStr | None = Field(None, description="For basic authentication.")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        basic = bool(self.username) and self.password is not None
        if basic == (self.api_key is not None) or (self.api_key is not None and self.username):
            raise ValueError("give `api_key` alone, or `username` and `password`")
        return self

    def header(self) -> str:
        """The value of the Authorization header."""
        if self.api_key is not None:
            return f"Bearer {self.api_key.get_secret_value()}"
        assert self.password is not None
        pair = f"{self.username}:{self.password.get_secret_value()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def secrets(self) -> tuple[str, ...]:
        """Everything of it that must be in no text."""
        secret = self.api_key or self.password
        assert secret is not None
        return secret.get_secret_value(), self.header().partition(" ")[2]


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
