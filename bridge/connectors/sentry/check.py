"""What `bridge doctor` finds out about a Sentry integration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.connectors.answers import as_list
from bridge.connectors.contract import Finding
from bridge.connectors.sentry.client import Sentry
from bridge.connectors.site import part
from bridge.errors import ConnectorError


async def check(sentry: Sentry) -> tuple[Finding, ...]:
    """Whether issues can be read. Whether they can be changed shows only when they are."""
    findings = [await _finding("credentials", _organization, sentry)]
    if findings[0].ok and sentry.settings.project:
        findings.append(await _finding("project", _project, sentry))
    return tuple(findings)


async def _finding(
    what: str, look: Callable[[Sentry], Awaitable[Finding]], sentry: Sentry
) -> Finding:
    try:
        return await look(sentry)
    except ConnectorError as error:
        hint = "check auth and organization" if error.status in (401, 403, 404) else ""
        return Finding(what, False, error.reason, hint)


async def _organization(sentry: Sentry) -> Finding:
    await sentry.get(f"{sentry.organization}/issues/", {"limit": 1})
    return Finding("credentials", True, f"reads the issues of {sentry.settings.organization}")


async def _project(sentry: Sentry) -> Finding:
    project = sentry.settings.project or ""
    path = f"/api/0/projects/{part(sentry.settings.organization)}/{part(project)}/issues/"
    found = as_list(await sentry.get(path))
    return Finding("project", True, f"{project}, with {len(found)} issues on its first page")
