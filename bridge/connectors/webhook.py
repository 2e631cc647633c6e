"""The connector `webhook`: JSON to any address, signed after Standard Webhooks.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md,
read 2026-11.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bridge.action import Call, Outcome
from bridge.connectors.ask import Ask
from bridge.connectors.contract import Action, Connector, Finding, Verified
from bridge.connectors.http import HttpClient
from bridge.connectors.parameters import SendWebhook
from bridge.connectors.redact import Redactor
from bridge.connectors.shapes import shape
from bridge.connectors.site import write_json
from bridge.errors import GiveUp

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
SECRET_WORDS = ("auth", "key", "token", "secret", "cookie", "pass")
"""A header whose name holds one of these is taken for a secret."""

OUR_HEADERS = ("webhook-", "content-length", "content-type", "host", "transfer-encoding")


def _host_pattern(text: str) -> str:
    if not re.fullmatch(r"[\w.*:\[\]-]+", text):
        raise ValueError("must be a host name, or one with *, such as *.example.com")
    return text.lower()


def _signing_secret(secret: SecretStr) -> SecretStr:
    signing_key(secret.get_secret_value())
    return secret


HostPattern = Annotated[str, AfterValidator(_host_pattern)]
SigningSecret = Annotated[SecretStr, AfterValidator(_signing_secret)]


class WebhookSettings(BaseModel):
    """All of it may be left out: a rule may send without any integration, then unsigned."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secret: SigningSecret | None = Field(
        None, description="Signs what rules send without naming a secret; whsec_ and base64."
    )
    secrets: dict[str, SigningSecret] = Field(
        default_factory=dict, description="Further secrets, by the name rules use for them."
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Sent with every request, such as Authorization."
    )
    allowed_hosts: list[HostPattern] = Field(
        default_factory=list,
        description="Hosts that may be sent to, with *. Empty: any. Set it where a rule takes the "
        "address from an event.",
    )
    timeout_seconds: float = Field(
        20.0, gt=0, le=600, description="How long a receiver may take; the standard advises 15-30."
    )


@dataclass(frozen=True, slots=True)
class Sender:
    """The client: where to send, and what to sign with."""

    http: HttpClient = field(repr=False)
    settings: WebhookSettings
    redactor: Redactor

    def key(self, secret: str | None) -> bytes | None:
        """The signing key; None for unsigned. Raises GiveUp.

        secret: the name of one of the integration's secrets, as a rule should give it. A secret
        itself is taken too, by its `whsec_`; but then it stands in the rule and in the store.
        """
        known = self.settings.secret if secret is None else self.settings.secrets.get(secret)
        if known is not None:
            return signing_key(known.get_secret_value())
        if secret is None:
            return None
        if not secret.startswith("whsec_"):
            raise GiveUp("send_webhook: `secret` names none of the integration's `secrets`")
        try:
            return signing_key(secret)
        except ValueError as error:
            raise GiveUp(f"send_webhook: `secret` {error}") from None


def open_webhook(settings: WebhookSettings, http: HttpClient) -> Sender:
    secrets = [*settings.secrets.values(), *settings.headers.values()]
    if settings.secret is not None:
        secrets.append(settings.secret)
    return Sender(http, settings, Redactor(one.get_secret_value() for one in secrets))


def signing_key(secret: str) -> bytes:
    """The bytes behind `whsec_…`. Raises ValueError for what is no base64 or too short."""
    text = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be whsec_ and base64") from None
    if not 16 <= len(key) <= 64:  # the standard asks for 24 to 64; 16 is what older senders use
        raise ValueError("must hold 24 to 64 bytes")
    return key


def sign(key: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


async def send_webhook(sender: Sender, call: Call[SendWebhook]) -> Outcome:
    """Posts the body. `webhook-id` is the call's mark, the same at every try, so that the receiver
    can tell a repetition; it is sent without a secret too.
    """
    parameters = call.parameters
    url = _checked_url(parameters.url, sender.settings.allowed_hosts)
    body = write_json(parameters.body)
    timestamp = call.now // 1000
    headers = {
        name.lower(): value.get_secret_value() for name, value in sender.settings.headers.items()
    }
    headers |= _checked_headers(parameters.headers or {})
    headers |= {
        "content-type": "application/json",
        "webhook-id": call.mark,
        "webhook-timestamp": str(timestamp),
    }
    key = sender.key(parameters.secret)
    if key is not None:
        headers["webhook-signature"] = sign(key, call.mark, timestamp, body)
    given = [value for name, value in headers.items() if any(word in name for word in SECRET_WORDS)]
    if parameters.secret is not None:
        given.append(parameters.secret)
    ask = Ask("POST", url, headers, body, timeout_seconds=sender.settings.timeout_seconds)
    reply = await sender.http.send(ask, sender.redactor.knowing(given))
    return Outcome({"status": reply.status})


def _checked_url(url: str, allowed: list[str]) -> str:
    """Raises GiveUp for another scheme, for credentials inside, and for hosts not allowed."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
        _ = parts.port
    except ValueError:
        raise GiveUp("send_webhook: the address cannot be read") from None
    if parts.scheme not in ("http", "https") or not host:
        raise GiveUp("send_webhook: the address must start with http:// or https://")
    if parts.username is not None:
        raise GiveUp("send_webhook: the address holds credentials; use headers instead")
    if allowed and not any(fnmatch.fnmatchcase(host, pattern) for pattern in allowed):
        raise GiveUp(f"send_webhook: {host} is not in the integration's allowed_hosts")
    return url.strip()


def _checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    checked: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if not HEADER_NAME.fullmatch(name) or lower.startswith(OUR_HEADERS):
            raise GiveUp(f"send_webhook: the header {name[:100]!r} cannot be set")
        if not HEADER_VALUE.fullmatch(value):
            raise GiveUp(f"send_webhook: the header {name!r} holds characters that no header can")
        checked[lower] = value
    return checked


async def check(sender: Sender) -> tuple[Finding, ...]:
    """Nothing can be asked of an unknown receiver without sending; so only what is set is told."""
    hosts = ", ".join(sender.settings.allowed_hosts) or "any host"
    signed = "signed" if sender.settings.secret is not None else "unsigned unless a rule says so"
    return (Finding("webhook", True, f"sends to {hosts}, {signed}"),)


CONNECTOR = Connector(
    name="webhook",
    sentence="Any receiver of JSON; signed after Standard Webhooks where a secret is configured.",
    settings=WebhookSettings,
    open=open_webhook,
    actions=(Action(shape("send_webhook"), send_webhook),),
    check=check,
    verified=Verified(
        "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
        "2026-11",
        ("`standardwebhooks`",),
    ),
    needs_integration=False,
)
