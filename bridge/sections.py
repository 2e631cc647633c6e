"""The sections of the configuration that say how the process runs, and the kinds of values.

Every field says its unit, its default, why that default and what turning it off does;
`docs/configuration.md` is generated from these words.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

SQLITE = "sqlite:///"

DEFAULT_TENANT = "default"
"""Whose everything is that names no tenant. Its admins run the installation."""


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?", text):
        raise ValueError(
            "must be 1 to 63 small letters and digits, with - and _ inside, "
            "because it stands in addresses"
        )
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(f"must be an address or a network such as 10.0.0.0/8: {error}") from None


def _key(secret: SecretStr) -> SecretStr:
    try:
        size = len(base64.b64decode(secret.get_secret_value(), validate=True))
    except (binascii.Error, ValueError):
        raise ValueError("must be base64; `openssl rand -base64 32` makes one") from None
    if size != 32:
        raise ValueError(f"must be base64 of 32 bytes, not of {size}")
    return secret


def _store_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("must start with sqlite:/// or postgresql://")
    if text in ("sqlite:///", "sqlite:///:memory:"):
        raise ValueError("names no file to keep events in; write sqlite:///var/bridge.db")
    return text


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return text.rstrip("/")


def _not_empty(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("this secret is empty, and so proves nothing")
    return secret


Name = Annotated[str, AfterValidator(_name)]
Secret = Annotated[SecretStr, AfterValidator(_not_empty)]
Network = Annotated[str, AfterValidator(_network)]
EncryptionKey = Annotated[SecretStr, AfterValidator(_key)]
StoreUrl = Annotated[str, AfterValidator(_store_url)]
WebAddress = Annotated[str, AfterValidator(_web_address)]


class Section(BaseModel):
    """A part of the configuration: frozen, and an unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )


class ServerSettings(Section):
    """Where the bridge listens, and what it takes in."""

    host: str = "127.0.0.1"
    """The address to listen on. This machine only, unless set, because what stands in front of
    the bridge (TLS, a proxy) is the operator's choice; `0.0.0.0` opens it to the network."""
    port: int = Field(default=8080, ge=0, le=65535)
    """The TCP port to listen on. 0 takes any free one and says which."""
    public_url: WebAddress | None = None
    """How senders and people reach the bridge, without a slash at the end. Used in links and in
    the handshakes that name it. Without it: `http://` with `host` and `port`."""
    body_limit_bytes: int = Field(default=1_048_576, ge=1, le=1_073_741_824)
    """Bytes of the largest body accepted; beyond it the answer is 413. One MiB holds the
    largest bodies the known senders make; each waiting request may hold that much memory."""
    body_timeout_seconds: float = Field(default=30.0, gt=0, le=3600)
    """Seconds a body may take to arrive before the request is given up with 408, so that a
    stalled sender holds nothing for long."""
    queue_limit: int = Field(default=2048, ge=1)
    """Deliveries that may wait for their commit at once; beyond it the answer is 503 with
    `Retry-After`, before the body is read. With the body limit it bounds the memory of a burst.
    2048 is eight full commits: about a second of waiting on a slow disk."""
    allowed_hosts: tuple[str, ...] = ()
    """Hosts that addresses given by API callers may name although they are private, such as
    `jira.internal`. Empty: callers can name public hosts only. Addresses written in this file
    are the operator's own and are not checked."""


class StoreSettings(Section):
    """Where everything is kept."""

    url: StoreUrl = Field(default="sqlite:///var/bridge.db", repr=False)
    """`sqlite:///FILE` (relative to this file; four slashes for an absolute path) or
    `postgresql://user@host/db`. SQLite is a complete installation of one process; PostgreSQL
    lets several processes share the work. Never printed, because it may hold a password."""

    @property
    def sqlite_file(self) -> Path | None:
        """The file behind a `sqlite:///` address; None for PostgreSQL."""
        return Path(self.url.removeprefix(SQLITE)) if self.url.startswith(SQLITE) else None


class RulesSettings(Section):
    """Where the rules are."""

    path: Path = Path("rules")
    """A folder of `*.yaml` files, or one file, relative to this file."""
    reload: bool = True
    """Whether changed rule files are taken up while the bridge runs. A set with a mistake never
    replaces one that works. false: rules change at a restart only."""
    editable: bool = False
    """Whether the dashboard and the API may save rule files. Each is replaced as a whole, after
    the check, and the old version is kept in `.old` beside the rules. false, because many keep
    their rules under version control: an edit then gives a patch to copy."""


class PresetsSettings(Section):
    """Source presets of one's own, beside those that come with the bridge."""

    path: Path | None = None
    """A folder of preset files (`*.yaml`), relative to this file. A preset of one's own may not
    carry the name of one that comes with the bridge. Without it: only those."""


class EncryptionSettings(Section):
    """The keys that seal credentials and quarantined bodies in the store."""

    keys: tuple[EncryptionKey, ...] = ()
    """Base64 of 32 random bytes each, newest first: the first one seals, all of them open, so a
    key is changed by putting a new one in front. Without any, one is made and kept beside the
    SQLite file, readable by its owner only; with PostgreSQL they must be given, because every
    node needs the same."""


class WorkerSettings(Section):
    """How stored events are acted on."""

    concurrency: int = Field(default=16, ge=1, le=1024)
    """Actions that run at once in one process. Each waits for another system most of its time;
    16 keeps one process busy without pressing a small Jira."""
    max_attempts: int = Field(default=20, ge=1, le=1000)
    """Tries of one action before it is dead. With the waits below, twenty take four to nine
    hours, which covers a night's maintenance. 1 turns trying again off."""
    action_timeout_seconds: float = Field(default=60.0, gt=0, le=3600)
    """Seconds one try may take with all its requests before it counts as failed. There is no
    way to turn it off: an action without an end would hold its lane for ever."""
    backoff_base_seconds: float = Field(default=2.0, gt=0, le=3600)
    """Seconds of the longest first wait; each further one may be twice as long, and the wait is
    drawn evenly up to that, so that what failed together does not come back together. What the
    other system asks for (`Retry-After`) goes before it."""
    backoff_cap_seconds: float = Field(default=3600.0, gt=0, le=604_800)
    """Seconds of the longest wait between two tries: one hour, so that the other system's
    recovery is noticed soon."""


class RetentionSettings(Section):
    """How long finished events are kept, with their bodies, actions and tries. What ties a
    finding to its ticket stays for ever, or it would get a second one."""

    done_days: float = Field(default=30.0, ge=0)
    """Days after which an event that is done is forgotten. 0 keeps it for ever, as for each of
    these; a month answers most questions about what happened."""
    failed_days: float = Field(default=90.0, ge=0)
    """Days after which an event that failed is forgotten, and can no longer be replayed."""
    ignored_days: float = Field(default=7.0, ge=0)
    """Days after which an event that no rule matched is forgotten."""
    echo_days: float = Field(default=7.0, ge=0)
    """Days after which an event that only told of the bridge's own writing is forgotten."""
    record_days: float = Field(default=365.0, ge=0)
    """Days without any news after which the last known state of a scan, a finding, a job or an
    alert is forgotten. What is tied to a ticket stays."""
    quarantine_days: float = Field(default=14.0, ge=0)
    """Days after which a refused delivery is forgotten. Two weeks leave time to mend a secret;
    what lies there was sent by nobody knows whom. 0 keeps them until they are pushed out."""
    max_bytes: int = Field(default=0, ge=0)
    """Bytes the store may take; beyond it the oldest finished events go, whatever their age.
    0 sets no limit, because forgetting by size comes as a surprise."""

    @property
    def days(self) -> Mapping[str, float]:
        """The days for each finished state of an event."""
        return {
            "done": self.done_days,
            "failed": self.failed_days,
            "ignored": self.ignored_days,
            "echo": self.echo_days,
        }


class SyncSettings(Section):
    """How what the bridge writes in other systems is kept from coming back, and how two-way sync
    is kept from running in circles."""

    echo_minutes: float = Field(default=120.0, gt=0, le=10_080)
    """Minutes for which a write is remembered, so that the event telling of it is known for an echo
    and goes no further. Two hours, because Jira tries a delivery again for over an hour. A person
    who sets the same value later is heard all the same: each write is recognised once."""
    ping_pong_writes: int = Field(default=5, ge=1, le=90)
    """How often sync may give a field of an object a value that it had given it before, within the
    minutes below. One more, and that field is left alone: another bridge, or a rule of Jira
    Automation, is taking back what sync writes. People rarely change their minds that often."""
    ping_pong_minutes: float = Field(default=10.0, gt=0, le=1440)
    """Minutes in which those are counted."""
    quiet_minutes: float = Field(default=15.0, gt=0, le=10_080)
    """Minutes without any further try after which a field that was left alone is synced again."""
    reconcile_minutes: float = Field(default=0.0, ge=0, le=525_600)
    """Minutes after which all linked pairs are looked at again, so that what lost webhooks left
    different is healed. 0 does so only when `bridge reconcile` is called, because each pair costs
    requests to both systems; 1440 is once a day."""
    reconcile_pairs_per_minute: float = Field(default=60.0, gt=0, le=6000)
    """How many pairs are looked at in a minute, at about six requests each."""


class LimitsSettings(Section):
    """Bounds on what strangers can make the bridge keep, and callers make it do."""

    quarantine_per_source: int = Field(default=100, ge=0, le=100_000)
    """Refused deliveries kept for each source, sealed, so that they can be verified again once a
    secret is mended; the oldest go first. Bodies over 256 KiB are not kept. 0 keeps none."""
    requests_per_minute: int = Field(default=300, ge=1, le=1_000_000)
    """API requests a minute for each key that has no number of its own; beyond it the answer is
    429 with `Retry-After`. A key may burst the whole minute's worth. With several nodes each
    counts for itself."""
    quarantine_bytes: int = Field(default=67_108_864, ge=0)
    """Bytes the refused deliveries of all sources may take together; beyond it the source with
    most of them loses its oldest. 64 MiB hold thousands of ordinary bodies. 0 keeps none."""


class LogSettings(Section):
    """What is written to stderr while the bridge runs."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level written. `info` is one line for each attempt; `debug` adds the steps in
    between."""
    format: Literal["json", "console"] = "json"
    """`json` is one object a line, for a log collector; `console` is for reading."""
