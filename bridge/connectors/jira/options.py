"""The settings of a Jira integration."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from bridge.connectors.credentials import Credentials, Way
from bridge.connectors.site import address

DESCRIPTION_LIMIT = 32_767
SUMMARY_LIMIT = 255
LABEL_LIMIT = 255
CLOUD_ID = re.compile(r"https://\S+/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""An address that ends with a Cloud site's id, which is the address of tokens of OAuth apps.
https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/, read 2026-11."""


SITE_ID = "[A-Za-z0-9-]{1,64}"
IN_GATEWAY = "/ex/jira/"


def as_number(value: object) -> object:
    """Digits as their number: a variable of the environment is text."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


class JiraAuth(Credentials):
    """`email` and `api_token` (Cloud), or `token`, a personal access token (Data Center), or the
    `access_token` of an OAuth 2.0 (3LO) app."""

    ways = (Way("api_token", "email"), Way("token"), Way("access_token"))

    email: str = Field("", description="The account of the API token.")
    api_token: SecretStr | None = Field(None, description="Cloud: sent as basic authentication.")
    scoped: bool = Field(
        False, description="The API token was made with scopes; Atlassian's gateway alone takes it."
    )
    token: SecretStr | None = Field(None, description="Data Center: sent as bearer token.")
    access_token: SecretStr | None = Field(None, description="OAuth 2.0: sent as bearer token.")

    @model_validator(mode="after")
    def _scoped_is_an_api_token(self) -> Self:
        if self.scoped and self.api_token is None:
            raise ValueError("`scoped` is said of an `api_token`; an `access_token` always is")
        return self


class JiraSettings(BaseModel):
    """What an integration of type `jira` needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(address)] = Field(
        description="The site, such as https://x.atlassian.net; links in texts lead there."
    )
    cloud_id: str = Field(
        "",
        pattern=f"^({SITE_ID})?$",
        description="The site's id at Atlassian's gateway, for scoped and OAuth tokens; asked of "
        "the site where it is not given.",
    )
    gateway: Annotated[str, AfterValidator(address)] = Field(
        "https://api.atlassian.com", description="Atlassian's gateway; another behind a proxy."
    )
    auth: JiraAuth
    project: str | None = Field(None, description="Key of the project tickets go to by default.")
    issue_type: str = Field("Task", description="Name of the type tickets have by default.")
    api: Annotated[Literal[2, 3], BeforeValidator(as_number)] = Field(
        2,
        description="Version of the REST API: 2 writes texts as wiki markup, on Cloud and Data "
        "Center; 3 writes them as Atlassian documents (ADF), on Cloud alone.",
    )
    deployment: Literal["cloud", "data-center", "auto"] = Field(
        "auto", description="auto asks the site once, through serverInfo."
    )
    timeout_seconds: float = Field(
        30.0, gt=0, le=600, description="How long one request may take; Jira's slowest edits fit."
    )
    description_limit: int = Field(
        DESCRIPTION_LIMIT,
        ge=1_000,
        le=DESCRIPTION_LIMIT,
        description="Characters of a description or comment; a Data Center may allow fewer.",
    )

    @model_validator(mode="after")
    def _three_is_cloud(self) -> Self:
        if self.api == 3 and self.deployment == "data-center":
            raise ValueError("`api: 3` is Cloud's alone; Data Center has version 2")
        if self.deployment == "data-center" and (self.auth.scoped or self.cloud_id):
            raise ValueError("`scoped` and `cloud_id` are Cloud's; Data Center has neither")
        return self

    @property
    def is_gateway(self) -> bool:
        """Whether the base URL is the gateway's own, so that the site's is not known yet."""
        return IN_GATEWAY in self.base_url

    @property
    def through_gateway(self) -> bool:
        """Whether requests go to Atlassian's gateway instead of the base URL."""
        if self.is_gateway:
            return False
        host = urlsplit(self.base_url).hostname or ""
        oauth = self.auth.access_token is not None and host.endswith(".atlassian.net")
        return bool(self.cloud_id) or self.auth.scoped or oauth
