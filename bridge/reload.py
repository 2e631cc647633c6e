"""The rules in force, replaced as a whole when their files change and are right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog
from watchfiles import Change, awatch

from bridge.configured import NOTHING, Configured, read_rules
from bridge.errors import Invalid, Problem
from bridge.match.rules import RuleSet
from bridge.registry import Offers

log = structlog.get_logger("bridge.rules")


class RulesHolder:
    """The last good set, and what is wrong with the files that came after it.

    current: the set in force. problems: empty while the files are those of the set in force.
    """

    def __init__(self, current: RuleSet) -> None:
        self.current = current
        self.problems: tuple[Problem, ...] = ()

    @property
    def version(self) -> str:
        return self.current.version

    @property
    def count(self) -> int:
        return len(self.current.rules)

    def take(self, rules: RuleSet) -> None:
        """Puts a new set in force."""
        self.current = rules
        self.problems = ()

    def keep(self, problems: Sequence[Problem]) -> None:
        """Leaves the last good set in force and remembers why."""
        self.problems = tuple(problem for problem in problems if not problem.warning)


async def reload(configured: Configured, holder: RulesHolder, made: Offers = NOTHING) -> None:
    """Reads the rule files again. A mistake in any of them changes nothing but `problems`.

    made: what integrations that API callers made offer.
    """
    try:
        rules = await asyncio.to_thread(partial(read_rules, configured, made=made))
    except Invalid as invalid:
        holder.keep(invalid.problems)
        for problem in holder.problems:
            log.error("rules not taken up", problem=str(problem))  # noqa: TRY400 (words say all)
        return
    if rules.version == holder.current.version and not holder.problems:
        return
    holder.take(rules)
    log.info("rules in force", version=rules.version, rules=len(rules.rules))


def is_rule_file(change: Change, path: str) -> bool:
    """Editors write drafts and swap files beside the real ones; those are no rules."""
    del change
    return path.endswith((".yaml", ".yml"))


def watched(path: Path) -> Path:
    """The folder to watch. Also for a single file: editors replace it, and a watch on the file
    itself would stay with the old one."""
    return path if path.is_dir() else path.parent


async def watch(
    configured: Configured, holder: RulesHolder, made: Callable[[], Offers] = lambda: NOTHING
) -> None:
    """Reloads whenever a rule file changed, until cancelled."""
    async for _ in awatch(watched(configured.settings.rules.path), watch_filter=is_rule_file):
        await reload(configured, holder, made())
