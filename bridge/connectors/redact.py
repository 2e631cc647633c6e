"""Secrets taken out of every text before it is stored, shown or logged."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "[redacted]"
SHORTEST_SECRET = 4
"""Shorter values are not searched for: they would blot out ordinary words, and prove nothing."""

HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(\"?\s*[:=]\s*\"?)[^\r\n\"}]+",
)
SCHEME = re.compile(r"(?i)\b(bearer|basic)\s+(?=\S*[0-9=])[\w.~+/=-]{6,}")
NAMED = re.compile(
    r"(?i)([\"']?[\w-]{0,40}(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)"
    r"[\"']?\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s&,;}\"']+)"
)
KEYS = tuple(f"{what}{dash}key" for what in ("api", "access", "private") for dash in ("", "_", "-"))
NAMES = ("password", "passwd", "secret", "token", *KEYS)
"""One of these stands in whatever NAMED finds."""
USER_INFO = re.compile(r"://[^/\s@\"']+@")


class Redactor:
    """Knows an integration's secrets, and what secrets look like in general."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(secrets)
        forms = {form for secret in self._secrets for form in _forms(secret)}
        self._longest = max(map(len, forms), default=0)
        self._known = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with every secret masked.

        Looked through for words first: the patterns took half a millisecond a request, and
        hardly any text has something for them.
        """
        for form in self._known:
            if form in text:
                text = text.replace(form, MASK)
        lower = text.lower()
        if "authorization" in lower or "cookie" in lower:
            text = HEADER.sub(rf"\1\2{MASK}", text)
        if "bearer" in lower or "basic" in lower:
            text = SCHEME.sub(rf"\1 {MASK}", text)
        if any(word in lower for word in NAMES):
            text = NAMED.sub(_masked_value, text)
        return USER_INFO.sub(f"://{MASK}@", text) if "@" in text and "://" in text else text

    def knowing(self, more: Iterable[str]) -> Redactor:
        """One that knows further secrets as well."""
        return Redactor((*self._secrets, *more))

    def cut(self, text: str, limit: int) -> str:
        """Masked and cut to about `limit` characters, saying how long it was.

        Masked first, so that no half of a secret is left where it was cut.
        """
        if len(text) <= limit:
            return self(text)[: 2 * limit]
        masked = self(text[: 4 * limit])
        if len(text) > 4 * limit:
            masked = masked[: max(len(masked) - self._longest, 0)]
        return f"{masked[:limit]}… ({len(text)} characters)"

    def __repr__(self) -> str:
        return "Redactor(…)"


def _masked_value(found: re.Match[str]) -> str:
    value = found[2]
    mark = value[0] if value[0] in "\"'" else ""
    return f"{found[1]}{mark}{MASK}{mark}"


def _forms(secret: str) -> set[str]:
    """The ways a secret may stand in a text: plain, in a URL, in JSON, in basic authentication."""
    if len(secret) < SHORTEST_SECRET:
        return set()
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
    }
