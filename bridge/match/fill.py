"""Fills in one step: its condition and its parameters, as far as they can be known."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.action import PlannedAction
from bridge.errors import ExpressionFailed
from bridge.event import JSON
from bridge.match.expression import Activation, Expression
from bridge.match.rule import LATER, Step
from bridge.match.template import Escape, Template

Escapes = Mapping[str, Callable[[str], str]]
"""For each markup, what text from an event goes through before it stands in it."""


def plan_action(step: Step, bound: Activation, escapes: Escapes) -> PlannedAction:
    """The step with everything rendered that reads no later value. Raises ExpressionFailed."""
    condition = ""
    if step.when is not None:
        if step.when.names & LATER:
            condition = step.when.text
        else:
            skip = skip_reason(step.when, bound)
            if skip:
                return PlannedAction(
                    step.position, step.action, step.id, step.integration, {}, skip=skip
                )
    parameters: dict[str, JSON] = {}
    deferred: list[str] = []
    # `format` first: it says how the text of the others is escaped.
    for name, template in sorted(step.parameters.items(), key=lambda item: item[0] != "format"):
        later = {leaf.pointer for leaf in template.leaves if leaf.names & LATER}
        escape = escape_for(name, parameters, step.markups, escapes, template.value)
        try:
            parameters[name] = template.render(bound, escape, later)
        except ExpressionFailed as error:
            if not (error.absent and name in step.optional and _is_one_expression(template)):
                words = f"{step.action}.{name}: {error}"
                raise ExpressionFailed(words, error.absent) from error
            continue
        deferred += [f"/{_escaped_pointer(name)}{pointer}" for pointer in sorted(later)]
    ordered = {name: parameters[name] for name in step.parameters if name in parameters}
    return PlannedAction(
        step.position, step.action, step.id, step.integration, ordered, tuple(deferred), condition
    )


def skip_reason(condition: Expression, bound: Activation) -> str:
    """Why an action with this condition is not to run; empty when it is."""
    try:
        return "" if condition.holds(bound) else f"when is false: {condition.text}"
    except ExpressionFailed as error:
        if error.absent:
            return f"when: {error}"
        raise ExpressionFailed(f"when: {error}") from error


def _is_one_expression(template: Template) -> bool:
    """A parameter that is one template and nothing else is left out where its field is absent."""
    return len(template.leaves) == 1 and not template.leaves[0].path and (
        template.leaves[0].only is not None
    )  # fmt: skip


def escape_for(
    name: str,
    parameters: Mapping[str, JSON],
    markups: Mapping[str, str],
    escapes: Escapes,
    value: JSON,
) -> Escape | None:
    """What text from the event goes through in this parameter; None where it has no markup.

    value: what the rule gives there. ADF is JSON: in a text of it the event's words must not end
    a string; where the rule writes it as a mapping, each template has a string to itself.
    """
    if name not in markups:
        return None
    written = parameters.get("format")
    markup = written if isinstance(written, str) else markups[name]
    return escapes.get("plain" if markup == "adf" and not isinstance(value, str) else markup)


def _escaped_pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def path_of(pointer: str, value: JSON) -> tuple[str | int, ...]:
    """The steps of a JSON pointer into this value."""
    path: list[str | int] = []
    for raw in pointer.split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            path.append(int(step))
            value = value[int(step)]
        else:
            path.append(step)
            value = mapping(value).get(step)
    return tuple(path)


def value_at(value: JSON, path: tuple[str | int, ...]) -> JSON:
    """What stands at the path; None where nothing does."""
    for step in path:
        if isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            value = mapping(value).get(str(step))
    return value


def mapping(value: JSON) -> dict[str, JSON]:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}
