"""What `bridge doctor` finds out about a Confluence integration."""

from __future__ import annotations

from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.confluence.client import Confluence
from bridge.connectors.contract import Finding
from bridge.errors import ConnectorError


async def check(confluence: Confluence) -> tuple[Finding, ...]:
    """Whether the account sees anything, and the default space where there is one."""
    settings = confluence.settings
    spoken = "REST v2" if settings.second else "REST v1"
    kind = "Cloud" if settings.cloud else "Data Center"
    try:
        path = "/pages" if settings.second else "/content"
        found = as_list(child(await confluence.get(path, {"limit": 1}), "results"))
    except ConnectorError as error:
        hints = {401: "check auth", 403: "check auth", 404: "check base_url, deployment and api"}
        hint = hints.get(error.status or 0, "")
        return (Finding("credentials", False, error.reason, hint),)
    message = f"{kind} at {settings.home}, {spoken}"
    if not found:
        hint = "give the account a space whose pages it may see"
        return (Finding("credentials", True, f"{message}; no page is visible", hint),)
    findings = [Finding("credentials", True, message)]
    if settings.space and settings.second:
        findings.append(await _space(confluence, settings.space))
    return tuple(findings)


async def _space(confluence: Confluence, key: str) -> Finding:
    try:
        found = as_list(child(await confluence.get("/spaces", {"keys": key}), "results"))
    except ConnectorError as error:
        return Finding("space", False, error.reason)
    if not found:
        words = f"there is no space {key!r}, or it is not visible"
        return Finding("space", False, words, "check `space`, its key and not its name")
    return Finding("space", True, f"{key} ({as_object(found[0]).get('name')})")
