"""The settings of a Kibana integration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bridge.connectors.credentials import Credentials, Way
from bridge.connectors.site import address

TITLE_LIMIT = 160
TEXT_LIMIT = 30_000
TAG_LIMIT = 256
CATEGORY_LIMIT = 50
TAGS_LIMIT = 200

Owner = Literal["cases", "observability", "securitySolution"]

PAGES = {
    "cases": "management/insightsAndAlerting/cases",
    "observability": "observability/cases",
    "securitySolution": "security/cases",
}
"""Where people open a case, by its owner, below `/app/`."""


class KibanaAuth(Credentials):
    """Either `api_key`, as Kibana shows it (encoded), or `username` and `password`."""

    ways = (Way("api_key", scheme="ApiKey"), Way("password", "username"))

    api_key: SecretStr | None = Field(None, description="The encoded form, sent as ApiKey.")
    username: str = Field("", description="For basic authentication.")
    password: SecretStr | None = Field(None, description="For basic authentication.")


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
