"""How an integration proves itself: the one check, the one header, the one list of secrets.

Every system takes a token, or several kinds of them, and many also an account's name with its
password. A connector's model of `auth` has the fields as that system calls them, and says with
`ways` which of them belong together.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator


@dataclass(frozen=True, slots=True)
class Way:
    """One way in. secret: the field of the token or password.

    name: the field of the account, for basic authentication; empty for a token.
    scheme: what stands before a token in the header; empty where it is sent as it is.
    """

    secret: str
    name: str = ""
    scheme: str = "Bearer"

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.name, self.secret) if self.name else (self.secret,)

    def __str__(self) -> str:
        return " and ".join(f"`{name}`" for name in self.fields)


class Credentials(BaseModel):
    """Exactly one of the ways is given, whole, and nothing of another beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    ways: ClassVar[tuple[Way, ...]]

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        given = ([self._has(name) for name in way.fields] for way in self.ways)
        begun = [way for way in given if any(way)]
        if len(begun) != 1 or not all(begun[0]):
            raise ValueError(f"give {', or '.join(map(str, self.ways))} alone")
        return self

    def _has(self, name: str) -> bool:
        return getattr(self, name) not in (None, "")

    @property
    def _way(self) -> Way:
        return next(way for way in self.ways if self._has(way.secret))

    def _secret(self) -> str:
        """The token or password."""
        secret = getattr(self, self._way.secret)
        assert isinstance(secret, SecretStr)
        return secret.get_secret_value()

    def header(self) -> str:
        """The value of the Authorization header."""
        way = self._way
        if way.name:
            return f"Basic {self._pair(way.name)}"
        return f"{way.scheme} {self._secret()}" if way.scheme else self._secret()

    def secrets(self) -> tuple[str, ...]:
        """Everything of it that must be in no text."""
        name = self._way.name
        return (self._secret(), self._pair(name)) if name else (self._secret(),)

    def _pair(self, name: str) -> str:
        """https://www.rfc-editor.org/rfc/rfc7617, read 2026-11."""
        return base64.b64encode(f"{getattr(self, name)}:{self._secret()}".encode()).decode()
