"""The settings of a Kibana integration."""

from __future__ import annotations

import base64
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bridge.connectors.site import address

TITLE_LIMIT = 160
TEXT_LIMIT = 30_000
TAG_LIMIT = 256
TAGS_LIMIT = 200

Owner = Literal["cases", "observability", "securitySolution"]

PAGES = {
    "cases": "management/insightsAndAlerting/cases",
    "observability": "observability/cases",
    "securitySolution": "security/cases",
}
"""Where people open a case, by its owner, below `/app/`."""


class KibanaAuth(BaseModel):
    """Either `api_key`, as Kibana shows it (encoded), or `username` and `password`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    api_key: SecretStr | None = Field(None, description="The encoded form, sent as ApiKey.")
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
            return f"ApiKey {self.api_key.get_secret_value()}"
        assert self.password is not None
        pair = f"{self.username}:{self.password.get_secret_value()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def secrets(self) -> tuple[str, ...]:
        """Everything of it that must be in no text."""
        secret = self.api_key or self.password
        assert secret is not None
        return secret.get_secret_value(), self.header().partition(" ")[2]


class KibanaSettings(BaseModel):
    """What an integration of type `kibana` needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(address)] = Field(
        description="Such as https://kibana.example.com, without the space."
    )
    auth: KibanaAuth
    space: str = Field(
        "default", pattern=r"^[a-z0-9_-]+$", description="Id of the space the cases are in."
    )
    owner: Owner = Field("cases", description="The solution that owns cases made by the bridge.")
    timeout_seconds: float = Field(
        30.0, gt=0, le=600, description="How long one request may take; ample for one case."
    )
