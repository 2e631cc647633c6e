"""What a system is asked for a token, and what its answer holds. Nothing is sent here.

Source: RFC 6749, sections 4.1.3 and 6.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

from pydantic import SecretStr

from bridge.connectors.ask import Ask
from bridge.connectors.contract import FIELD, OAuth
from bridge.connectors.redact import Redactor
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.made import Secrets
from bridge.store.integrations import StoredIntegration

WORD = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Who we are to a system: from the configuration. token_url: empty for the usual one."""

    client_id: str
    client_secret: SecretStr = field(repr=False)
    token_url: str = ""
    redirect_uri: str = ""


class NotRenewable(GiveUp):
    """There is nothing to renew the token with."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a system gave. expires_at: milliseconds; 0 where it did not say."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: int = 0


def request_of(
    place: OAuth | None, client: OAuthClient, stored: StoredIntegration, secrets: Secrets
) -> tuple[Ask, Redactor]:
    """The request for a token, and what knows its secrets. Raises GiveUp."""
    given: dict[str, str] = {
        "client_id": client.client_id,
        "client_secret": client.client_secret.get_secret_value(),
    }
    refresh, code = secrets.auth.get("refresh_token"), secrets.auth.get("code")
    if refresh:
        given |= {"grant_type": "refresh_token", "refresh_token": str(refresh)}
    elif code:
        given |= {"grant_type": "authorization_code", "code": str(code)}
        if client.redirect_uri:
            given["redirect_uri"] = client.redirect_uri
    else:
        raise NotRenewable("there is neither a refresh_token nor a code to get a token with")
    redactor = Redactor(
        given[name] for name in ("client_secret", "refresh_token", "code") if name in given
    )
    address = filled(client.token_url or (place.token_url if place else ""), stored.scope)
    as_json = place is not None and place.as_json
    content = json.dumps(given) if as_json else urlencode(given)
    kind = "application/json" if as_json else "application/x-www-form-urlencoded"
    headers = {"content-type": kind, "accept": "application/json"}
    return Ask("POST", address, headers, content.encode()), redactor


def filled(address: str, scope: Mapping[str, JSON]) -> str:
    """An address with the scope's fields in it. Raises GiveUp for one that is no plain word: it
    comes from a caller, and the request carries our own secret."""

    def value(found: re.Match[str]) -> str:
        text = str(scope.get(found[1]) or "")
        if not WORD.fullmatch(text):
            raise GiveUp(f"`{found[1]}` in scope_data is needed to renew the token")
        return text

    return FIELD.sub(value, address)


def token_of(answer: JSON, now: int, passing: frozenset[str] = frozenset()) -> Token:
    """What an answer holds, in the spelling of the standard or of Sentry. Raises GiveUp; TryAgain
    where the error that it tells is one that passes."""
    told = answer if isinstance(answer, dict) else {}
    access = told.get("access_token") or told.get("token")
    if not isinstance(access, str) or not access:
        if told.get("error") in passing:
            raise TryAgain(f"no token now: {told.get('error')}")
        words = told.get("error_description") or told.get("error") or "there is no token in it"
        raise GiveUp(f"the answer gives no token: {str(words)[:200]}")
    refresh = told.get("refresh_token") or told.get("refreshToken") or ""
    lasts, until = told.get("expires_in"), told.get("expiresAt")
    expires_at = 0
    if isinstance(lasts, int | float) and not isinstance(lasts, bool):
        expires_at = now + int(lasts * 1000)
    elif isinstance(until, str):
        expires_at = moment(until)
    return Token(access, str(refresh), expires_at)


def moment(text: str) -> int:
    """An ISO 8601 time as milliseconds; 0 where it is none. Without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return 0
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)
