"""What `bridge doctor` finds out about a Kibana integration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.connectors.answers import as_object, child
from bridge.connectors.contract import Finding
from bridge.connectors.kibana.client import Kibana
from bridge.errors import ConnectorError


async def check(kibana: Kibana) -> tuple[Finding, ...]:
    """Credentials first; without them nothing else is asked."""
    credentials = await _finding("credentials", _cases, kibana)
    if not credentials.ok:
        return (credentials,)
    return (credentials, await _finding("site", _site, kibana))


async def _finding(
    what: str, look: Callable[[Kibana], Awaitable[Finding]], kibana: Kibana
) -> Finding:
    try:
        return await look(kibana)
    except ConnectorError as error:
        hints = {
            401: "check auth",
            403: "give the account's role all privileges for Cases in this space",
            404: "check base_url and space",
        }
        return Finding(what, False, error.reason, hints.get(error.status or 0, ""))


async def _cases(kibana: Kibana) -> Finding:
    """Whether the account may see cases. What it may write shows only at the first write."""
    settings = kibana.settings
    query: dict[str, str | int] = {"owner": settings.owner, "perPage": 1}
    found = as_object(await kibana.get("/cases/_find", query))
    told = f"{found.get('total', 0)} cases of {settings.owner} in the space {settings.space}"
    return Finding("credentials", True, told)


async def _site(kibana: Kibana) -> Finding:
    status = as_object(await kibana.get("/status"))
    version = child(status, "version", "number") or "of an unknown version"
    level = child(status, "status", "overall", "level")
    message = f"Kibana {version} at {kibana.settings.base_url}: {level}"
    if level in ("available", "degraded"):
        return Finding("site", True, message)
    return Finding("site", False, message, "look at Kibana's own page /status")
