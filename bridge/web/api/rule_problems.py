"""What is wrong with rule files, as a caller may read it.

The rules are those of all tenants, and so are the names that they are checked against: a hint that
names a source or an integration of another tenant is left out, and so are the server's folders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bridge.configured import Configured
from bridge.errors import Problem
from bridge.made import MadeIntegrations


@dataclass(frozen=True, slots=True)
class RuleProblems:
    """Tells each tenant's callers of the problems what is theirs to know."""

    configured: Configured
    made: MadeIntegrations

    @property
    def folder(self) -> Path:
        """Where the rule files lie."""
        path = self.configured.settings.rules.path
        return path if path.is_dir() else path.parent

    def name(self, file: str) -> str:
        """A rule file's name below the folder of rules."""
        path, folder = Path(file), self.folder
        inside = path.is_relative_to(folder)
        return path.relative_to(folder).as_posix() if inside else path.name

    def names(self, tenant: str) -> dict[str, str]:
        """The sources and integrations that a tenant's rules may name, each with what it is."""
        made = [(row.identifier, row.name) for row, _ in self.made.of(tenant)]
        configured = self.configured
        return {
            **{name: "integration" for names in made for name in names},
            **{name: "integration" for owner, name in configured.integrations if owner == tenant},
            **{name: "source" for owner, name in configured.sources if owner == tenant},
        }

    def told(self, problem: Problem, tenant: str) -> Problem:
        """The problem as a caller of this tenant may read it."""
        place = replace(problem.place, file=self.name(problem.place.file))
        # A message may name a second place, such as that of a rule of the same name.
        message = problem.message.replace(f"{self.folder}/", "")
        known = problem.for_those_who_know(self.names(tenant))
        return replace(known, place=place, message=message)
