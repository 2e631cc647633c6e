"""Compiles the actions of a rule and checks them against the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bridge.action import ActionShape
from bridge.document import did_you_mean, nearest
from bridge.event import JSON
from bridge.match.rule import Step
from bridge.match.rulefile import RESERVED
from bridge.match.scope import Scope
from bridge.match.template import Path, Template, replaced
from bridge.misfits import misfits

_STEP_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
_ABOUT_TYPE = re.compile(r"_(?:type|parsing|attributes_type)$")
_NOT_TEXT = {"list_type", "tuple_type", "dict_type", "model_type", "model_attributes_type"}
_SAMPLES: Mapping[str, JSON] = {"INT": 1, "UINT": 1, "DOUBLE": 1.5, "BOOL": True, "NULL": None}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What rules may do and with what.

    integrations: for each configured integration the actions it offers; None where the
        configuration is not known, and nothing about integrations is checked.
    """

    shapes: Mapping[str, ActionShape]
    integrations: Mapping[str, frozenset[str]] | None


def compile_steps(
    then: list[dict[str, Any]], path: Path, scope: Scope, names: frozenset[str], known: Catalogue
) -> tuple[Step, ...]:
    """The steps in their order; what is wrong with them is noted in the scope."""
    steps = []
    for position, entry in enumerate(then):
        at = (*path, position)
        step = _Compiler(scope, names, known, at).step(position, entry)
        if step is None:
            continue
        if step.id in scope.steps:
            words = f'two steps of this rule have the id "{step.id}"'
            scope.problems.append(scope.document.problem((*at, step.action, "id"), words))
        if step.id:
            scope.steps[step.id] = frozenset(known.shapes[step.action].outputs)
        steps.append(step)
    return tuple(steps)


@dataclass(slots=True)
class _Compiler:
    scope: Scope
    names: frozenset[str]
    known: Catalogue
    path: Path

    def step(self, position: int, entry: dict[str, Any]) -> Step | None:
        if len(entry) != 1:
            words = "a step is one action: a key that names it, and its parameters under that key"
            self._complain(self.path, words, f"this one has {len(entry)} keys")
            return None
        ((action, given),) = entry.items()
        shape = self.known.shapes.get(action)
        self.path = (*self.path, action)
        if shape is None:
            hint = did_you_mean(action, self.known.shapes) or _among(self.known.shapes)
            self._complain(self.path, f'no action is called "{action}"', hint, key=True)
            return None
        if not isinstance(given, dict | None):
            self._complain(self.path, "the parameters of an action must be a mapping")
            return None
        given = given or {}
        parameters = {key: value for key, value in given.items() if key not in RESERVED}
        templates = {
            key: self.scope.template(value, (*self.path, key), self.names)
            for key, value in parameters.items()
        }
        self._check(shape, parameters, templates)
        fields = shape.parameters.model_fields
        return Step(
            position,
            action,
            self._id(given),
            self._integration(shape, given),
            self._condition(given),
            templates,
            {name: markup for name, markup in shape.rich.items() if name in templates},
            frozenset(name for name, info in fields.items() if not info.is_required()),
        )

    def _id(self, given: dict[str, Any]) -> str:
        found = given.get("id", "")
        if "id" in given and not (isinstance(found, str) and _STEP_ID.fullmatch(found)):
            words = "an id is a word of letters, digits and _, so that steps.<id> can be written"
            self._complain((*self.path, "id"), words)
            return ""
        return str(found)

    def _condition(self, given: dict[str, Any]) -> Any:
        if "when" not in given:
            return None
        at = (*self.path, "when")
        if not isinstance(given["when"], str):
            self._complain(at, "must be an expression, written as text", "put it in quotes")
            return None
        return self.scope.condition(given["when"], at, self.names)

    def _integration(self, shape: ActionShape, given: dict[str, Any]) -> str:
        """The integration the step goes to: the one named, or the only one that offers it."""
        named = given.get("in", "")
        if not isinstance(named, str) or ("in" in given and not named):
            self._complain((*self.path, "in"), "must be the name of an integration")
            return ""
        if self.known.integrations is None:
            return named
        offering = sorted(
            name for name, actions in self.known.integrations.items() if shape.name in actions
        )
        if named:
            self._check_named(shape, named, offering)
            return named
        if len(offering) == 1:
            return offering[0]
        if shape.needs_integration:
            self._complain_of_none(shape, offering)
        return ""

    def _check_named(self, shape: ActionShape, named: str, offering: list[str]) -> None:
        integrations = self.known.integrations or {}
        at = (*self.path, "in")
        if named not in integrations:
            near = nearest(named, integrations)
            hint = did_you_mean(named, integrations) or _among(integrations)
            words = f'no integration is called "{named}"'
            self._complain(at, words, hint, tells=[near] if near else integrations)
        elif named not in offering:
            hint = f"these do: {', '.join(offering)}" if offering else "none does"
            words = f'the integration "{named}" does not offer {shape.name}'
            self._complain(at, words, hint, tells=offering)

    def _complain_of_none(self, shape: ActionShape, offering: list[str]) -> None:
        if offering:
            words = f"several integrations offer {shape.name}; name one of them with `in`"
            self._complain(self.path, words, ", ".join(offering), key=True, tells=offering)
        else:
            words = f"no configured integration offers {shape.name}"
            self._complain(self.path, words, "add one under `integrations`", key=True)

    def _check(
        self, shape: ActionShape, parameters: dict[str, Any], templates: Mapping[str, Template]
    ) -> None:
        """The model judges the parameters; where a template stands, as far as its type is known."""
        sample: JSON = dict(parameters)
        leaves: dict[Path, str] = {}
        for key, template in templates.items():
            for leaf in template.leaves:
                at = (key, *leaf.path)
                leaves[at] = self.scope.type_of(leaf.only) if leaf.only else "STRING"
                sample = replaced(sample, at, _sample(leaves[at]))
        try:
            shape.parameters.model_validate(sample)
        except ValidationError as error:
            self.scope.problems += misfits(
                shape.parameters,
                self.scope.document,
                self.path,
                error,
                lambda detail: _matters(detail["loc"], detail["type"], leaves),
            )

    def _complain(
        self,
        path: Path,
        words: str,
        hint: str = "",
        *,
        key: bool = False,
        tells: Iterable[str] = (),
    ) -> None:
        problem = self.scope.document.problem(path, words, hint, key=key, tells=tells)
        self.scope.problems.append(problem)


def _sample(gives: str) -> JSON:
    """A value of the type that a template will give, as far as that is known now."""
    if gives.startswith("LIST"):
        return []
    if gives.startswith("MAP"):
        return {}
    return _SAMPLES.get(gives, "text")


def _matters(loc: Path, kind: str, leaves: Mapping[Path, str]) -> bool:
    """Whether a misfit of the sample is one of the rule. At a template only the type counts, and
    only where it is known; text may yet turn out to be a number. Around a template that gives a
    list or a mapping nothing is judged, because the sample's is empty."""
    if kind in ("extra_forbidden", "missing"):
        return True
    gives = next((gives for at, gives in leaves.items() if loc[: len(at)] == at), None)
    if gives is None:
        inside = [one for at, one in leaves.items() if at[: len(loc)] == loc]
        return not any(one.startswith(("LIST", "MAP")) for one in inside)
    if gives == "DYN":
        return False
    return kind in _NOT_TEXT if gives == "STRING" else _ABOUT_TYPE.search(kind) is not None


def _among(known: Mapping[str, object]) -> str:
    return f"known: {', '.join(sorted(known))}" if known else "none is configured"
