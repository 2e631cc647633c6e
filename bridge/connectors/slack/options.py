"""The settings of a Slack integration."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bridge.connectors.credentials import Credentials, Way
from bridge.connectors.site import address

AGAIN = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
"""Refused before anything was done."""
IN_DOUBT = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})
"""Slack's own word for these: some of the operation may have been done before the error arose."""
TEXT_LIMIT = 4_000
"""Slack advises at most 4,000 characters and cuts at 40,000, without regard to structure.
https://api.slack.com/changelog/2018-04-truncating-really-long-messages, read 2026-11."""


class SlackAuth(Credentials):
    """`bot_token` (xoxb-…) or `access_token`; both go as bearer."""

    ways = (Way("bot_token"), Way("access_token"))

    bot_token: SecretStr | None = Field(None, description="Of the app as installed; xoxb-….")
    access_token: SecretStr | None = Field(None, description="OAuth 2.0, where tokens rotate.")


def _webhook(url: SecretStr) -> SecretStr:
    address(url.get_secret_value())
    return url


class SlackSettings(BaseModel):
    """`auth`, or `webhook_url` alone, which knows one channel and no threads of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    auth: SlackAuth | None = None
    webhook_url: Annotated[SecretStr, AfterValidator(_webhook)] | None = Field(
        None, description="Of an incoming webhook; the address is its secret."
    )
    channel: str | None = Field(None, description="Where messages go by default: an id or #name.")
    base_url: Annotated[str, AfterValidator(address)] = Field(
        "https://slack.com/api", description="Other for the sandbox or a proxy."
    )
    timeout_seconds: float = Field(30.0, gt=0, le=600, description="How long a request may take.")

    @model_validator(mode="after")
    def _has_one_way_in(self) -> Self:
        if (self.auth is None) == (self.webhook_url is None):
            raise ValueError("give `auth` or `webhook_url`, one of the two")
        if self.webhook_url is not None and self.channel is not None:
            raise ValueError("`channel` does not go with `webhook_url`: its channel is its own")
        return self
