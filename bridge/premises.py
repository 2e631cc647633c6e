"""What can be wrong with an installation itself: its store and disk, keys, rules, address, senders.

Each function gives findings; problems are values, never raised.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from bridge.access.vault import Vault
from bridge.clock import iso
from bridge.configured import Configured, Examined
from bridge.connectors.ask import Ask, parse_json
from bridge.connectors.contract import Finding
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.errors import BridgeError, ConnectorError, Invalid, StoreError
from bridge.keyring import key_file, load_keys
from bridge.quarantine import record_name
from bridge.settings import Settings
from bridge.sources.source import Source
from bridge.store.jira_webhooks import KeptWebhook, list_webhooks
from bridge.store.probe import probe
from bridge.store.quarantine import get_kept, list_kept
from bridge.store.refusals import list_refusals
from bridge.store.secrets_seen import list_seen
from bridge.store.transaction import Database, Transaction, database_now

LITTLE_BYTES = 200 * 1024 * 1024
"""Free space below which the store may stop taking deliveries within hours on a busy day."""

SCARCE_BYTES = 2 * 1024 * 1024 * 1024
"""Free space below which a person should think of it: some days of large deliveries."""

DAY_MS = 86_400_000
NODE_CLOCK_SECONDS = 30.0
HEALTH_SECONDS = 5.0


def check_configuration(examined: Examined) -> list[Finding]:
    """Every mistake and warning, each as a finding; else what there is."""
    findings = [
        Finding("configuration", problem.warning, str(problem), _hint(problem.warning))
        for problem in examined.problems
    ]
    wrong = any(not problem.warning for problem in examined.problems)
    configured, rules = examined.configured, examined.rules
    if configured and not wrong:
        count = f"sources: {len(configured.sources)}, integrations: {len(configured.integrations)}"
        findings.append(Finding("configuration", True, count))
    if rules is not None and not wrong:
        enabled = sum(rule.enabled for rule in rules.rules)
        hint = "" if enabled else "write one: no event leads to anything so far"
        findings.append(Finding("rules", True, f"{enabled} in force", hint))
    return findings


def _hint(warning: bool) -> str:
    return "see `bridge check`" if warning else "mend it; `bridge check` looks at nothing else"


async def check_store(database: Database, now: int) -> list[Finding]:
    """Whether it takes a write, and with PostgreSQL whether its clock is ours."""
    try:
        await database.write(probe)
        findings = [Finding("store", True, "takes writes")]
        if not database.single_process:
            ahead = (await database.read(database_now) - now) / 1000
            good = abs(ahead) <= NODE_CLOCK_SECONDS
            words = f"the database's clock is {ahead:+.0f} s from this machine's"
            findings.append(Finding("store", good, words, "" if good else "set both by NTP"))
    except StoreError as error:
        return [Finding("store", False, str(error), "look at the disk, the rights, the database")]
    return findings


def check_disk(folder: Path) -> Finding:
    """Free space where the SQLite file lies, or will lie, and whether we may write there."""
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding("disk", False, f"{folder} cannot be written to", "give this user the right")
    free = shutil.disk_usage(folder).free
    message = f"{_size(free)} free at {folder}"
    if free < LITTLE_BYTES:
        return Finding("disk", False, message, "free some, or set retention.max_bytes")
    return Finding("disk", True, message, "soon full" if free < SCARCE_BYTES else "")


def _size(count: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} TB"


async def check_keys(settings: Settings, database: Database | None) -> Finding:
    """Whether there are keys, and whether they open what lies sealed. Makes none."""
    configured, file = settings.encryption.keys, settings.store.sqlite_file
    if not configured and file is None:
        return Finding("encryption", True, "no keys: nothing is sealed or kept in quarantine",
                       "set encryption.keys, the same on every node")  # fmt: skip
    if not configured and file and not key_file(file).exists():
        if database is None or not await _was_used(database):
            return Finding("encryption", True, f"{key_file(file)} is made at the first start")
        return Finding("encryption", False, f"{key_file(file)} is gone",
                       "bring it back from a backup: without it nothing sealed opens")  # fmt: skip
    try:
        keys = load_keys(configured, file)
        sealed = await _open_some(Vault(keys), database) if database is not None else 0
    except Invalid as invalid:
        return Finding("encryption", False, "; ".join(map(str, invalid.problems)))
    except BridgeError as error:
        return Finding("encryption", False, str(error))
    where = "encryption.keys" if configured else str(key_file(file)) if file else ""
    opened = f"; {sealed} sealed values were opened" if sealed else ""
    return Finding("encryption", True, f"{len(keys)} in {where}{opened}")


async def _was_used(database: Database) -> bool:
    """Whether a key has named or sealed anything in this store."""

    async def work(tx: Transaction) -> bool:
        return bool(await list_seen(tx) or await list_kept(tx, limit=1))

    return await database.read(work)


async def _open_some(vault: Vault, database: Database) -> int:
    """Opens the oldest and the newest of what lies sealed; gives how many. Raises VaultClosed."""

    async def work(tx: Transaction) -> dict[str, bytes]:
        kept = await list_kept(tx)
        ends = {one.id for one in (*kept[:1], *kept[-1:])}
        return {one: (await get_kept(tx, one)).sealed for one in sorted(ends)}

    sealed = await database.read(work)
    for one, value in sealed.items():
        vault.open(record_name(one), value)
    return len(sealed)


async def check_address(settings: Settings, http: HttpClient) -> Finding:
    """Whether a bridge answers where senders are told to send."""
    address = settings.public_url
    if settings.server.public_url is None:
        hint = "set server.public_url: links and handshakes name it"
    else:
        plain = urlsplit(address).scheme == "http"
        hint = "senders' secrets travel readable: put TLS before it" if plain else ""
    ask = Ask("GET", f"{address}/healthz", timeout_seconds=HEALTH_SECONDS)
    redactor = Redactor()
    try:
        answer = parse_json(ask, await http.send(ask, redactor), redactor)
    except ConnectorError as error:
        return Finding("public_url", True, f"no bridge answers: {error.reason}",
                       "start `bridge serve`, or look at the proxy before it")  # fmt: skip
    if not isinstance(answer, dict) or answer.get("status") != "alive":
        return Finding("public_url", False, f"what answers at {address} is no bridge",
                       "look at server.public_url and the proxy before it")  # fmt: skip
    return Finding("public_url", True, f"a bridge answers at {address}", hint)


async def check_sources(configured: Configured, database: Database, now: int) -> list[Finding]:
    """For each source: when its secrets last proved a delivery, and what was refused of late."""
    seen = await database.read(list_seen)
    findings: list[Finding] = []
    for source in configured.sources.values():
        uses = [use for (tenant, name, _), use in seen.items()
                if (tenant, name) == (source.tenant, source.name)]  # fmt: skip
        last = f"last proved {iso(max(use.last_at for use in uses))}" if uses else "never proved"
        refused = await _refused(database, source, now)
        where = source.name if source.tenant == "default" else f"{source.tenant}/{source.name}"
        hint = "`bridge quarantine list` shows them; is the secret the sender's?" if refused else ""
        findings.append(Finding("webhooks", True, f"{where}: {last}{refused}", hint))
    return findings


async def check_subscriptions(database: Database, now: int) -> list[Finding]:
    """For each webhook of Jira that ends: until when it holds, and why it was not refreshed."""
    return [_subscription(one, now) for one in await database.read(list_webhooks)]


def _subscription(one: KeptWebhook, now: int) -> Finding:
    where = one.source if one.tenant == "default" else f"{one.tenant}/{one.source}"
    words = f"{where}: the webhook {one.id} at {one.integration}"
    why = f"; {one.trouble}" if one.trouble else ""
    if one.expires_at <= now:
        hint = f"`bridge jira subscribe {one.source}` registers it again"
        return Finding("webhooks", False, f"{words} ended at {iso(one.expires_at)}{why}", hint)
    words = f"{words} holds until {iso(one.expires_at)}"
    if not one.trouble:
        return Finding("webhooks", True, words)
    hint = f"mend that; `bridge jira refresh {one.source}` then tries it at once"
    return Finding("webhooks", False, f"{words} and was not refreshed{why}", hint)


async def _refused(database: Database, source: Source, now: int) -> str:
    refusals = await database.read(lambda tx: list_refusals(tx, source.tenant, source.name))
    reasons = Counter(one.reason for one in refusals if one.at > now - DAY_MS)
    if not reasons:
        return ""
    told = ", ".join(f"{count} for {reason}" for reason, count in reasons.most_common(3))
    return f"; refused in the last 24 h: {told}"
