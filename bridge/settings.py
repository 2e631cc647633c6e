"""The configuration: one file, `bridge.yaml`, checked as a whole before anything starts.

Every section has a model, those of the process in `sections.py`; `docs/configuration.md` is
generated from their words.
Secrets are `SecretStr`: they appear in no text that is printed, logged or shown.
Every value can come from the environment instead, as `BRIDGE_<SECTION>_<KEY>`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal, TypeVar, cast

from pydantic import (
    BaseModel,
    Field,
    JsonValue,
    PrivateAttr,
    model_validator,
)

from bridge.document import Document, load, path_text
from bridge.environment import Overlay, Steps
from bridge.errors import Invalid, Place, Problem
from bridge.event import JSON
from bridge.misfits import validate
from bridge.sections import (
    DEFAULT_TENANT,
    EncryptionSettings,
    LimitsSettings,
    LogSettings,
    Name,
    Network,
    PresetsSettings,
    RetentionSettings,
    RulesSettings,
    Secret,
    Section,
    ServerSettings,
    StoreSettings,
    SyncSettings,
    WebAddress,
    WorkerSettings,
)

M = TypeVar("M", bound=BaseModel)

Rows = Mapping[str, tuple[int, ...]]
"""For each list, where in the file its entries stand: those with mistakes were left out."""


class TenantSettings(Section):
    """A group of sources, integrations and records that sees nothing of the others. The tenant
    `default` is always there."""

    name: Name
    """Stands in the tenant's addresses: `/t/NAME/hooks/SOURCE`."""


class SourceSettings(Section):
    """A sender of webhooks."""

    name: Name
    """Stands in the sender's address, `/hooks/NAME`, and in rules."""
    preset: str = Field(min_length=1)
    """What kind of sender it is: a preset that comes with the bridge, or one of your own."""
    tenant: Name = DEFAULT_TENANT
    """Whose it is. The default tenant's address is `/hooks/NAME`."""
    secrets: tuple[Secret, ...] = ()
    """What the sender proves itself with; any of them is accepted, so that a secret can be
    changed without a gap. Ed25519 public keys (`whpk_…`) stand here too. Without any, every
    delivery is refused, unless `proof: none` is written."""
    integration: Name | None = None
    """The integration that leads back to this sender, where there is one: what the bridge wrote
    there itself is then recognised when it comes back as an event."""
    proof: Literal[
        "required",
        "none",
        "hmac",
        "ed25519",
        "jwt",
        "header",
        "bearer",
        "basic",
        "query",
        "path",
        "sns",
    ] = "required"
    """`required` takes any proof the preset knows, a kind only that one. `none` accepts whatever
    anyone sends; `bridge check` warns about it."""
    on_bad_signature: Literal["refuse", "retry"] | None = None
    """What a delivery gets whose proof is wrong: `refuse` answers 401; `retry` answers 503, for
    senders such as Jira that never send again after a 401, so that a wrong secret that is mended
    in time loses nothing. Without it: what the preset says, which is `refuse` for most."""
    freshness_seconds: int | None = Field(default=None, ge=1, le=604_800)
    """Seconds a signed time may be away from ours, either way. Without it: what the preset says.
    Larger windows make replayed deliveries easier."""
    certificates: tuple[str, ...] = ()
    """Certificates in PEM that messages of Amazon SNS have to be signed with. Without any, the one
    that a message names is fetched from AWS and kept; with them, nothing is fetched."""
    allow_from: tuple[Network, ...] = ()
    """Addresses or networks (`10.0.0.0/8`) deliveries may come from; others are refused. Empty:
    from anywhere. It goes beside the proof, not in its place."""
    header: str | None = Field(default=None, min_length=1)
    """The header that carries the proof, for presets that leave it open."""
    prefix: str | None = None
    """What stands before the proof in that header, such as `sha256=`, for such presets."""
    algorithm: Literal["sha256", "sha384", "sha512", "sha1"] | None = None
    """The hash of the signature, for such presets. `sha1` is for senders that know no other."""
    encoding: Literal["hex", "base64"] | None = None
    """How the signature is written, for such presets."""


class IntegrationSettings(Section):
    """A system that the bridge calls. Its type decides which further keys it takes."""

    name: Name
    """What rules call it: `in: NAME`."""
    type: str = Field(min_length=1)
    """The connector, such as `jira` or `webhook`."""
    tenant: Name = DEFAULT_TENANT
    """Whose it is."""
    enabled: bool = True
    """false: its actions wait, and nothing is called."""

    options: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    """Not written as such: every further key stands here, for the connector's own model to
    check (`Settings.check_options`). Never printed, because it holds credentials."""

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, value: JSON) -> JSON:
        if not isinstance(value, dict):
            return value
        known = {key: part for key, part in value.items() if key in cls.model_fields}
        further = {key: part for key, part in value.items() if key not in cls.model_fields}
        return {**known, "options": further} if "options" not in known else value


class OauthSettings(Section):
    """Who the bridge is to a system's OAuth server, so that access tokens of integrations that API
    callers made can be renewed."""

    type: str = Field(min_length=1)
    """The connector, such as `jira`."""
    client_id: str = Field(min_length=1)
    """Of the app that the system knows the bridge as."""
    client_secret: Secret
    """That app's secret."""
    token_url: WebAddress | None = None
    """Where tokens are renewed; the system's usual address unless set."""
    redirect_uri: WebAddress | None = None
    """The callback that a code was issued for, where the system wants to hear it again."""


class Settings(Section):
    """Everything that is configured. `configuration.py` reads it from a file."""

    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    rules: RulesSettings = RulesSettings()
    presets: PresetsSettings = PresetsSettings()
    encryption: EncryptionSettings = EncryptionSettings()
    sources: tuple[SourceSettings, ...] = ()
    integrations: tuple[IntegrationSettings, ...] = ()
    oauth: tuple[OauthSettings, ...] = ()
    tenants: tuple[TenantSettings, ...] = (TenantSettings(name="default"),)
    worker: WorkerSettings = WorkerSettings()
    retention: RetentionSettings = RetentionSettings()
    sync: SyncSettings = SyncSettings()
    limits: LimitsSettings = LimitsSettings()
    log: LogSettings = LogSettings()

    @property
    def public_url(self) -> str:
        """How people and senders reach the bridge, without a slash at the end."""
        server = self.server
        host = f"[{server.host}]" if ":" in server.host else server.host
        return server.public_url or f"http://{host}:{server.port}"

    _document: Document = PrivateAttr(default_factory=lambda: load("{}", "the settings"))
    _overlay: Overlay = PrivateAttr(default_factory=lambda: Overlay({}))
    _rows: Rows = PrivateAttr(default_factory=dict)

    def remember(self, document: Document, overlay: Overlay, rows: Rows) -> None:
        """Keep where all this was written, so that later complaints can name the place."""
        self._document, self._overlay, self._rows = document, overlay, rows

    def check_options(self, integration: IntegrationSettings, model: type[M]) -> M:
        """Build a connector's own settings from the keys that belong to it.

        Raises Invalid with every problem at its place in the file.
        """
        index = next(i for i, one in enumerate(self.integrations) if one is integration)
        path = self._written(("integrations", index))
        entries: list[JSON] = [{} for _ in range(int(path[1]) + 1)]
        entries[-1] = _json(integration.options)
        value: JSON = {"integrations": entries}
        return build(model, self._document, value, self._overlay, path)

    def place(self, path: Steps) -> Place:
        """Where this value was written: the file's line, or the environment variable."""
        path = self._written(path)
        return self._overlay.place(path) or self._document.place(path)

    def problem(self, path: Steps, message: str, hint: str = "") -> Problem:
        """A problem of the value at this path, with its place and the name of its field."""
        return Problem(self.place(path), message, path_text(self._written(path)), hint)

    def _written(self, path: Steps) -> Steps:
        """The path in the file, where entries that had mistakes stand too."""
        if len(path) > 1 and path[0] in self._rows:
            return (path[0], self._rows[str(path[0])][int(path[1])], *path[2:])
        return path


def build(model: type[M], document: Document, value: JSON, overlay: Overlay, path: Steps) -> M:
    """The model from a value of this document, or Invalid with each problem at its origin."""
    try:
        return validate(model, dataclasses.replace(document, value=value), path)
    except Invalid as invalid:
        origins = {path_text(steps): name for steps, name in overlay.origins.items()}
        raise Invalid([_from_its_origin(each, origins) for each in invalid.problems]) from invalid


def _from_its_origin(problem: Problem, origins: Mapping[str, str]) -> Problem:
    """The problem at the environment variable that gave the value, where one did."""
    for field, variable in origins.items():
        if is_within(problem.field, field):
            return dataclasses.replace(problem, place=Place(f"${variable}", 1, 1))
    return problem


def is_within(field: str, at: str) -> bool:
    """Whether a problem's field is this one, or lies below it."""
    return field == at or field.startswith((f"{at}.", f"{at}["))


def _json(options: dict[str, JsonValue]) -> JSON:
    """The same value; pydantic's name for JSON and ours are two names of one thing."""
    return cast("JSON", options)
