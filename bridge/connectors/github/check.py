"""What `bridge doctor` finds out about a GitHub integration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.connectors.answers import as_object, child
from bridge.connectors.contract import Finding
from bridge.connectors.github.client import GitHub
from bridge.errors import ConnectorError, GiveUp

ALERTS = ("code-scanning", "dependabot", "secret-scanning")


async def check(github: GitHub) -> tuple[Finding, ...]:
    """The repository first: an app's token can read it, while it cannot ask who it is."""
    findings = [await _finding("credentials", _limits, github)]
    if not findings[0].ok:
        return tuple(findings)
    findings.append(await _finding("repository", _repository, github))
    if findings[-1].ok:
        findings.append(await _finding("alerts", _alerts, github))
    return tuple(findings)


async def _finding(
    what: str, look: Callable[[GitHub], Awaitable[Finding]], github: GitHub
) -> Finding:
    try:
        return await look(github)
    except ConnectorError as error:
        hint = "check auth and repository" if error.status in (401, 403, 404) else ""
        return Finding(what, False, error.reason, hint)


async def _limits(github: GitHub) -> Finding:
    """Costs nothing of the limit it tells of."""
    core = as_object(child(await github.get("/rate_limit"), "resources", "core") or {})
    left, most = core.get("remaining", "?"), core.get("limit", "?")
    anonymous = most == 60
    message = f"{left} of {most} requests left this hour"
    if anonymous:
        return Finding("credentials", False, f"{message}: not signed in", "check auth")
    return Finding("credentials", True, message)


async def _repository(github: GitHub) -> Finding:
    name = github.settings.repository
    found = as_object(await github.get(f"/repos/{name}"))
    if found.get("archived"):
        return Finding("repository", False, f"{name} is archived and takes no writes")
    if found.get("has_issues") is False:
        return Finding("repository", False, f"{name} has its issues turned off", "turn them on")
    may = as_object(found.get("permissions") or {})
    if may and not any(may.get(one) for one in ("push", "triage", "maintain", "admin")):
        return Finding(
            "repository",
            False,
            f"{name} can be read, but labels, assignees and states cannot be set",
            "give the account the role triage, or the token `Issues: write`",
        )
    return Finding("repository", True, f"{name} takes issues")


async def _alerts(github: GitHub) -> Finding:
    """Which kinds can be read; none is a mistake where nobody uses them."""
    readable: list[str] = []
    for kind in ALERTS:
        path = f"/repos/{github.settings.repository}/{kind}/alerts"
        try:
            await github.get(path, {"per_page": 1})
        except GiveUp as error:
            if error.status not in (403, 404):
                raise
            continue  # not turned on there, or not for this token
        readable.append(kind)
    hint = "" if readable else "for update_alert give the token the alerts' permissions"
    return Finding("alerts", True, f"readable: {', '.join(readable) or 'none'}", hint)
