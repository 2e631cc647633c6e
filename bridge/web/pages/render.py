"""Lays answers out: templates that escape everything, and the policy every page is sent with."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from bridge import __version__
from bridge.counting import counted

TEMPLATES = Path(__file__).parents[1] / "templates"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}';"
    " connect-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
"""The nonce is for the styles that the editor makes as it runs; no script needs one."""


class Renderer:
    """Makes pages. Templates are read when first shown, and kept."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["pretty"] = pretty
        self._environment.filters["short"] = short
        self._environment.filters["counted"] = counted
        self._environment.globals["version"] = __version__

    def page(self, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """A page, or a part of one."""
        nonce = secrets.token_urlsafe(16)
        text = self._environment.get_template(template).render(**values, nonce=nonce)
        response = HTMLResponse(text, status)
        response.headers.update(
            {
                "content-security-policy": POLICY.format(nonce=nonce),
                "x-content-type-options": "nosniff",
                "x-frame-options": "DENY",
                "referrer-policy": "same-origin",
                "cache-control": "no-store",
            }
        )
        return response


LINE = 72
"""What is shorter stands on one line."""


def pretty(value: Any, indent: int = 0) -> str:
    """JSON for people: what is short stands on one line."""
    whole = json.dumps(value, ensure_ascii=False)
    if len(whole) + indent <= LINE or not isinstance(value, dict | list | tuple) or not value:
        return whole
    deeper = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(str(name), ensure_ascii=False)}: {pretty(one, indent + 2)}"
            for name, one in value.items()
        ]
    else:
        parts = [pretty(one, indent + 2) for one in value]
    begin, end = ("{", "}") if isinstance(value, dict) else ("[", "]")
    inside = ",\n".join(f"{deeper}{part}" for part in parts)
    return f"{begin}\n{inside}\n{' ' * indent}{end}"


MOST_CHARACTERS = 300


def short(value: Any) -> str:
    """JSON on one line, cut where it gets long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
