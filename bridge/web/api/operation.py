"""What an API offers, as values: an operation is one method of one path.

A module of an API is a class with the parts it needs and a method `operations`; nothing else has
to be registered.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from bridge.access.role import Role
from bridge.errors import NotFound
from bridge.event import JSON
from bridge.principal import Principal
from bridge.web.api.shapes import OURS, Shape

B = TypeVar("B")
Q = TypeVar("Q")

PARAMETER = re.compile(r"\{(\w+)\}")


Cursor = Annotated[int, Field(ge=0, le=2**53)]
"""A place in a list, or a time in milliseconds; 0 is none."""

Limit = Annotated[int, Field(ge=1, le=500)]
"""How many of a list at once."""


class ApiModel(BaseModel):
    """What goes in or out: frozen, its docstrings and descriptions are the documentation.

    An unknown key of a body is an error. Where a document's clients send more than it says,
    the model says `extra="ignore"` and why.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Nothing(ApiModel):
    """No fields at all."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[B, Q]):
    """One request that was let through and checked.

    who: whose key it came with. path: the parameters in the path, decoded.
    body, query: of the operation's models. request: for what is no JSON, such as an upload.
    """

    who: Principal
    path: Mapping[str, str]
    body: B
    query: Q
    request: Request
    request_id: str


Run: TypeAlias = "Callable[[Any], Awaitable[BaseModel | Response | JSON]]"
"""From an Asked to what the operation's `answer` says, or to a whole response.

It raises BridgeError; `web/errors.py` says which status that is.
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    path: with its parameters in braces. name: unique, the operationId.
    role: the least a key needs. body, query: the models of what comes in.
    answer: the model of a success; None where `run` gives a response of its own, of `media`.
    also: answers beside the success and the errors every operation has, by status.
    upload: the body is multipart/form-data, which `run` reads from the request.
    slashes: what stands in the path may hold slashes, as the ids of some senders do; then the
        operations whose paths go on behind it come first.
    headers: that a request may bring, with what each means.
    examples: of bodies, by name, as the documents show them. shows: of answers, likewise.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    role: Role
    run: Run
    answer: Any = None
    status: int = 200
    body: type[BaseModel] | None = None
    query: type[BaseModel] = Nothing
    shape: Shape = OURS
    media: str = "application/json"
    upload: bool = False
    slashes: bool = False
    body_optional: bool = False
    also: Mapping[int, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[str, JSON] = field(default_factory=dict)
    shows: Mapping[str, JSON] = field(default_factory=dict)
    description: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters, in order."""
        return tuple(PARAMETER.findall(self.path))


def whole_number(text: str, what: str) -> int:
    """A number in a path. Raises NotFound: nothing has an id that is no number."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise NotFound(f"{what} not found")
    return int(text)
