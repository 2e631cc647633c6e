"""`/api/v1/rules/files`: rule files read and, where the operator allows it, saved.

Rules are those of the whole installation, so only its first tenant's admins save them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from pydantic import Field

from bridge.access.role import Role
from bridge.clock import Clock
from bridge.configured import Configured
from bridge.errors import FieldProblem, FieldsRefused, Invalid, RoleRefused
from bridge.made import MadeIntegrations
from bridge.sections import DEFAULT_TENANT
from bridge.store.audit import add_change
from bridge.store.transaction import Database
from bridge.web.api.operation import ApiModel, Asked, Nothing, Operation
from bridge.web.api.rule_problems import RuleProblems
from bridge.workbench.editing import (
    NEW_FILE,
    RuleText,
    list_rule_files,
    read_rule_file,
    save_rule_file,
)

TAG = "Rules"

Digest = Annotated[str, Field(max_length=64)]


class RuleFiles(ApiModel):
    """The rule files, in the order in which they are read."""

    files: tuple[str, ...]
    editable: bool
    """Whether they may be saved here (`rules.editable`)."""


class RuleFile(ApiModel):
    """One rule file."""

    name: str
    text: str
    digest: str
    """Tells whether the file has changed since; a save brings it along as `base`."""


class Edit(ApiModel):
    """The new text of a rule file."""

    text: str
    """At most a million characters, and a body within `server.body_limit_bytes`."""
    base: Digest = NEW_FILE
    """The digest of the text that was edited; empty for a file that is new."""


class Removal(ApiModel):
    """Which version of the file is taken away."""

    base: Annotated[str, Field(min_length=1, max_length=64)]
    """The digest of the text that was read last."""


class SavedFile(ApiModel):
    """What became of an edit."""

    name: str
    digest: str
    patch: str
    """The change as `patch -p1` and `git apply` take it; empty where nothing is changed."""
    written: bool
    """false where nothing is changed, or where `rules.editable` is not set: apply the patch."""
    kept: str
    """The file name of the old version, in `.old` beside the rules."""
    version: str
    """Of the whole set of rules with this edit."""
    warnings: tuple[str, ...]


class RuleFilesApi:
    """take_up: reads the rules again; called after a save, so that it is in force when told."""

    def __init__(
        self,
        configured: Configured,
        made: MadeIntegrations,
        database: Database,
        clock: Clock,
        take_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._configured = configured
        self._made = made
        self._problems = RuleProblems(configured, made)
        self._database = database
        self._clock = clock
        self._take_up = take_up
        self._saving = asyncio.Lock()

    @property
    def editable(self) -> bool:
        """Whether the operator lets rule files be saved here."""
        return self._configured.settings.rules.editable

    def operations(self) -> tuple[Operation, ...]:
        base = "/api/v1/rules/files"
        one = f"{base}/{{name}}"
        also = {404: "There is no such rule file, or this is no name of one."}
        clash = {**also, 409: "The file has changed since it was read."}
        return (
            Operation(
                "GET", base, "list_rule_files", "List the rule files.", TAG, Role.VIEWER,
                self.list_, RuleFiles,
            ),
            Operation(
                "GET", one, "get_rule_file", "Read one rule file.", TAG, Role.VIEWER, self.get,
                RuleFile, also=also, slashes=True,
            ),
            Operation(
                "PUT", one, "save_rule_file",
                "Check a rule file with all the others and save it; a mistake changes nothing.",
                TAG, Role.ADMIN, self.put, SavedFile, body=Edit, also=clash, slashes=True,
                examples={"a new file": {"text": "version: 1\nrules: []\n", "base": ""}},
            ),
            Operation(
                "DELETE", one, "remove_rule_file",
                "Take a rule file away, where the others are right without it.", TAG, Role.ADMIN,
                self.remove, SavedFile, query=Removal, also=clash, slashes=True,
            ),
        )  # fmt: skip

    async def list_(self, asked: Asked[None, Nothing]) -> RuleFiles:
        del asked
        names = await asyncio.to_thread(list_rule_files, self._configured.settings.rules)
        return RuleFiles(files=tuple(names), editable=self.editable)

    async def get(self, asked: Asked[None, Nothing]) -> RuleFile:
        found = await self.read(asked.path["name"])
        return RuleFile(name=found.name, text=found.text, digest=found.digest)

    async def put(self, asked: Asked[Edit, Nothing]) -> SavedFile:
        return await self._changed(asked, asked.body.text, asked.body.base)

    async def remove(self, asked: Asked[None, Removal]) -> SavedFile:
        return await self._changed(asked, None, asked.query.base)

    async def read(self, name: str) -> RuleText:
        """Raises NotFound, and Invalid where the file is no text."""
        return await asyncio.to_thread(read_rule_file, self._configured.settings.rules, name)

    async def _changed(
        self, asked: Asked[Edit, Nothing] | Asked[None, Removal], text: str | None, base: str
    ) -> SavedFile:
        name, who, now = asked.path["name"], asked.who, self._clock()
        if who.tenant != DEFAULT_TENANT:
            raise RoleRefused("the rules are those of all tenants; only the first one's admins may")
        async with self._saving:  # between the look at the file and its replacement
            try:
                saved = await asyncio.to_thread(
                    save_rule_file, self._configured, name, text, base, lambda: now,
                    dict(self._made.offers),
                )  # fmt: skip
            except Invalid as invalid:
                told = [self._problems.told(one, who.tenant) for one in invalid.problems]
                raise FieldsRefused(
                    [FieldProblem(("body", "text"), str(one)) for one in told]
                ) from invalid
        kept = Path(saved.kept).name
        if saved.written:
            what = "rules.save" if text is not None else "rules.remove"
            change = who.change(now, what, name, asked.request_id, version=saved.version, kept=kept)
            await self._database.write(lambda tx: add_change(tx, change))
            await self._take_up()
        return SavedFile(
            name=saved.name, digest=saved.digest, patch=saved.patch, written=saved.written,
            kept=kept, version=saved.version,
            warnings=tuple(str(self._problems.told(one, who.tenant)) for one in saved.warnings),
        )  # fmt: skip
