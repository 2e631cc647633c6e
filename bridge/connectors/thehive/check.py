"""What `bridge doctor` finds out about a TheHive integration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.connectors.answers import as_list, child
from bridge.connectors.contract import Finding
from bridge.connectors.thehive.client import TheHive
from bridge.errors import ConnectorError

NEEDED = ("manageCase/create", "manageCase/update", "manageComment")
FOR_ALERTS = "manageAlert/update"
"""Older releases have no part behind the slash."""


async def check(thehive: TheHive) -> tuple[Finding, ...]:
    """Credentials first; without them nothing else is asked."""
    findings = list(await _guarded("credentials", _account, thehive))
    if findings[0].ok:
        findings += await _guarded("site", _site, thehive)
    return tuple(findings)


async def _guarded(
    what: str, look: Callable[[TheHive], Awaitable[tuple[Finding, ...]]], thehive: TheHive
) -> tuple[Finding, ...]:
    try:
        return await look(thehive)
    except ConnectorError as error:
        hints = {
            401: "check auth",
            403: "give the account a profile of the organisation",
            404: "check base_url",
        }
        return (Finding(what, False, error.reason, hints.get(error.status or 0, "")),)


async def _account(thehive: TheHive) -> tuple[Finding, ...]:
    """Who it is, and whether the profile lets it write."""
    found = await thehive.get("/user/current")
    login, place = found.get("login"), found.get("organisation")
    who = Finding("credentials", True, f"signed in as {login} of {place}")
    known = [str(one) for one in as_list(found.get("permissions"))]
    missing = [one for one in NEEDED if not _has(known, one)]
    profile = found.get("profile") or "none"
    if missing:
        words = f"the profile {profile} lacks {', '.join(missing)}"
        return who, Finding("permissions", False, words, "choose a profile such as analyst")
    words = f"the profile {profile} may change cases and comments"
    if not _has(known, FOR_ALERTS):
        hint = f"for update_alert the profile needs {FOR_ALERTS}"
        return who, Finding("permissions", True, words, hint)
    return who, Finding("permissions", True, f"{words}, and alerts")


def _has(known: list[str], wanted: str) -> bool:
    return wanted in known or wanted.partition("/")[0] in known


async def _site(thehive: TheHive) -> tuple[Finding, ...]:
    """The version; and the licence, without which TheHive lets everybody read and nobody write."""
    status = await thehive.get("/status")
    message = f"TheHive {status.get('version')} at {thehive.settings.base_url}"
    if child(status, "license", "isValid") is False:
        why = child(status, "license", "error") or "not valid"
        hint = "until it is renewed, cases can be read only"
        return (Finding("site", False, f"{message}: its licence is {why}", hint),)
    return (Finding("site", True, message),)
