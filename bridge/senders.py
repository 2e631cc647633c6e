"""The configured senders as they are shown: their addresses, and which secrets they still use."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.access.vault import Vault
from bridge.clock import iso
from bridge.event import JSON
from bridge.secrets_seen import last_use, secret_names
from bridge.sources.describe import VERIFIED
from bridge.sources.source import Source
from bridge.store.secrets_seen import Named, Seen


def describe_source(
    source: Source, public_url: str, vault: Vault | None, seen: Mapping[Named, Seen]
) -> dict[str, JSON]:
    """A source as JSON, the same for the command line and the API.

    public_url: how senders reach the bridge. vault: names the secrets; None where nothing is
    counted.
    """
    place = "" if source.tenant == "default" else f"/t/{source.tenant}"
    return {
        "name": source.name,
        "tenant": source.tenant,
        "preset": source.preset.name,
        "level": source.preset.form.level,
        "verified": VERIFIED[source.preset.form.level],
        "proof": source.settings.proof,
        "address": f"{public_url}{place}/hooks/{source.name}",
        "secrets": [_secret(source, vault, seen, each) for each in source.fingerprints],
    }


def _secret(
    source: Source, vault: Vault | None, seen: Mapping[Named, Seen], fingerprint: str
) -> dict[str, JSON]:
    if vault is None:
        return {"name": None, "last_seen": None, "times": None}
    use = last_use(vault, seen, source, fingerprint)
    return {
        "name": secret_names(vault, source.tenant, source.name, fingerprint)[0],
        "last_seen": iso(use.last_at) if use else None,
        "times": use.times if use else 0,
    }
