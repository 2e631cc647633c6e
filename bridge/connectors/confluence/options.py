"""The settings of a Confluence integration."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bridge.connectors.credentials import Credentials, Way
from bridge.connectors.site import address

CLOUD_ID = re.compile(r"https://\S+/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""An address that ends with a Cloud site's id, which is the address of tokens of OAuth apps.
https://developer.atlassian.com/cloud/confluence/oauth-2-3lo-apps/, read 2026-11."""


class ConfluenceAuth(Credentials):
    """`email` and `api_token` (Cloud), or `token`, a personal access token (Data Center), or the
    `access_token` of an OAuth app."""

    ways = (Way("api_token", "email"), Way("token"), Way("access_token"))

    email: str = Field("", description="The account of the API token.")
    api_token: SecretStr | None = Field(None, description="Cloud: sent as basic authentication.")
    token: SecretStr | None = Field(None, description="Data Center: sent as bearer token.")
    access_token: SecretStr | None = Field(None, description="OAuth 2.0: sent as bearer token.")


class ConfluenceSettings(BaseModel):
    """What an integration of type `confluence` needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(address)] = Field(
        description="Such as https://x.atlassian.net/wiki, or https://confluence.example.com."
    )
    auth: ConfluenceAuth
    deployment: Literal["cloud", "data-center", "auto"] = Field(
        "auto", description="auto: Cloud where the host belongs to Atlassian."
    )
    api: Literal["auto", "v1", "v2"] = Field(
        "auto", description="auto: v2 on Cloud. v1 on Cloud is on its way out; Data Center has it."
    )
    space: str | None = Field(None, description="Key of the space pages are in unless they say.")
    timeout_seconds: float = Field(
        30.0,
        gt=0,
        le=600,
        description="How long one request may take; long pages save slowly.",
    )

    @model_validator(mode="after")
    def _offers_the_version(self) -> Self:
        if self.api == "v2" and not self.cloud:
            raise ValueError("`api: v2` is offered by Cloud alone")
        return self

    @property
    def cloud(self) -> bool:
        if self.deployment != "auto":
            return self.deployment == "cloud"
        host = urlsplit(self.base_url).hostname or ""
        return host == "api.atlassian.com" or host.endswith(".atlassian.net")

    @property
    def second(self) -> bool:
        """Whether REST v2 is spoken."""
        return self.cloud and self.api != "v1"

    @property
    def home(self) -> str:
        """The address in front of `/rest/api` and `/api/v2`; on Cloud it ends with `/wiki`."""
        if self.cloud and not self.base_url.endswith("/wiki"):
            return f"{self.base_url}/wiki"
        return self.base_url
