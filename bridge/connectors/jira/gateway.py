"""Atlassian's gateway: where tokens with scopes and OAuth tokens are taken, and nowhere else.

A token without scopes goes to the site's own address, one with scopes to
`https://api.atlassian.com/ex/jira/{cloudId}`; each is refused at the other's. The cloud id is told
by the site itself, to anybody, at `/_edge/tenant_info`.
https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/,
https://support.atlassian.com/jira/kb/retrieve-my-atlassian-sites-cloud-id/ and
https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/, read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from bridge.connectors.jira.options import SITE_ID, JiraSettings
from bridge.connectors.site import Site
from bridge.errors import GiveUp

TENANT_INFO = "/_edge/tenant_info"


@dataclass(slots=True)
class Gateway:
    """Where one site's requests go. site: at its own address, without credentials."""

    url: str
    site: Site
    cloud_id: str = field(default="")

    async def address(self) -> str:
        """Without a slash at the end. Asks the site once for its id where none is configured."""
        if not self.cloud_id:
            self.cloud_id = await look_up_cloud_id(self.site)
        return f"{self.url}/ex/jira/{self.cloud_id}"


async def look_up_cloud_id(site: Site) -> str:
    """Raises GiveUp where the site does not tell, which no Data Center does."""
    status, told = await site.fetch("GET", TENANT_INFO, allow=frozenset({404}))
    cloud_id = told.get("cloudId") if isinstance(told, dict) else None
    if status == 404 or not isinstance(cloud_id, str) or not re.fullmatch(SITE_ID, cloud_id):
        raise GiveUp(f"{site.base_url}{TENANT_INFO} tells no cloud id; give it as `cloud_id`")
    return cloud_id


def gateway_of(settings: JiraSettings, site: Site) -> Gateway:
    """The gateway for this site, whether or not the settings ask for it."""
    return Gateway(settings.gateway, replace(site, headers={}, locate=None), settings.cloud_id)
