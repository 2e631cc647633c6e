"""The settings of a GitHub integration."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bridge.connectors.credentials import Credentials, Way
from bridge.connectors.site import address

BODY_LIMIT = 65_536
"""Characters of an issue's or a comment's body; beyond it GitHub answers 422, as its own words
say: `body is too long (maximum is 65536 characters)`."""
TITLE_LIMIT = 256
LABEL_LIMIT = 50

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[\w.-]{1,100}")


def _repository(text: str) -> str:
    if not REPOSITORY.fullmatch(text):
        raise ValueError("must be owner/name, such as octo-org/shop")
    return text


Repository = Annotated[str, AfterValidator(_repository)]


class GitHubAuth(Credentials):
    """`token` (a personal access token) or `access_token` (of an app); both go as bearer."""

    ways = (Way("token"), Way("access_token"))

    token: SecretStr | None = Field(None, description="Fine-grained or classic, of a person.")
    access_token: SecretStr | None = Field(None, description="Of an app's installation.")


class GitHubSettings(BaseModel):
    """What an integration of type `github` needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(address)] = Field(
        "https://api.github.com", description="Enterprise Server: https://HOST/api/v3."
    )
    auth: GitHubAuth
    repository: Repository = Field(description="owner/name; where issues and alerts are.")
    issue_type: str | None = Field(
        None, description="Name of the type issues get; organizations alone have types."
    )
    priority_label: str = Field(
        "priority: ",
        description="What stands before a priority's name in its label, since issues have no "
        "priority; empty: priorities are left out.",
    )
    mentions: bool = Field(
        False,
        description="Let @names and #numbers in texts act. Else they show as they are and call "
        "nobody, whoever wrote them.",
    )
    timeout_seconds: float = Field(30.0, gt=0, le=600, description="How long a request may take.")
