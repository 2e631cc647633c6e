"""What `bridge doctor` finds out about a `cases-webhook` integration."""

from __future__ import annotations

from bridge.connectors.cases_webhook.client import CasesWebhook
from bridge.connectors.contract import Finding
from bridge.errors import ConnectorError

NOBODYS = "scanbridge-doctor"
"""No incident has this id."""


async def check(target: CasesWebhook) -> tuple[Finding, ...]:
    """Asks for an incident that is not there, since the four calls have nothing that changes
    nothing and tells more: 404 means that the target is there and lets us in."""
    settings = target.settings
    try:
        await target.title(NOBODYS)
        told = "answers"
    except ConnectorError as error:
        if error.status not in (400, 404, 422):
            hint = "check auth, headers and get_incident_url" if error.status else "check base_url"
            return (Finding("credentials", False, error.reason, hint),)
        told = f"answers {error.status} for an incident that is not there"
    credentials = Finding("credentials", True, f"{settings.base_url} {told}")
    blind = [
        name
        for name in ("find_incident_url", "find_comment_url")
        if not getattr(settings, name) and (name != "find_comment_url" or _comments(target))
    ]
    if not blind or settings.in_doubt == "repeat":
        return credentials, Finding("retries", True, "after a lost answer the bridge goes on")
    hint = f"set {' and '.join(blind)}, or `in_doubt: repeat` where a repeat does no harm"
    return credentials, Finding("retries", True, "after a lost answer a push stops", hint)


def _comments(target: CasesWebhook) -> bool:
    return bool(target.settings.create_comment_url)
