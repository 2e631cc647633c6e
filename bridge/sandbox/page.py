"""The index page: what the sandbox is, and what it holds, as plain text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from bridge.sandbox.faults import Faults, show_faults
from bridge.sandbox.jira import text
from bridge.sandbox.jira.state import Issue, JiraState
from bridge.sandbox.jira.world import STATUSES
from bridge.sandbox.stand_in import AnyStandIn

SHOWN = 200
"""Issues of one site on the page, the newest first; arbitrary, a page should stay readable."""

LONGEST = 50_000
"""Characters of one stand-in's state on the page; arbitrary, as above."""

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "pre{background:#f4f4f4;padding:.75rem;overflow:auto;white-space:pre-wrap}"
    ".sandbox{background:#fff3cd;border:2px solid #b58900;padding:.75rem}"
)


def index_page(
    sites: Mapping[str, JiraState], others: Mapping[str, AnyStandIn], faults: Faults
) -> str:
    """sites, others: by the path they are mounted at."""
    on = [f"{name} = {value}" for name, value in show_faults(faults).items() if value is not None]
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        f"<title>Sandbox</title><style>{STYLE}</style></head><body>",
        "<h1>Sandbox</h1><p class=sandbox><strong>This is a sandbox, not the real thing.</strong> "
        "It keeps everything in memory and forgets it when it stops.</p>",
        f"<p>Faults switched on: {escape(', '.join(on) or 'none')}.</p>",
    ]
    for mount, state in sites.items():
        parts.append(f"<h2>Sandbox site {escape(mount)}: {len(state.issues)} issues</h2>")
        newest = list(state.issues.values())[: -SHOWN - 1 : -1]
        parts += [_issue(issue) for issue in newest]
    for mount, stand_in in others.items():
        held = json.dumps(stand_in.show(), indent=1, ensure_ascii=False)[:LONGEST]
        title = escape(f"Sandbox {stand_in.kind.title} at {mount}")
        parts.append(f"<h2>{title}</h2><pre>{escape(held)}</pre>")
    parts.append("</body></html>")
    return "\n".join(parts)


def _issue(issue: Issue) -> str:
    status = next(s.name for s in STATUSES if s.id == issue.values["status"])
    labels = ", ".join(issue.labels)
    description = text.plain(issue.values.get("description") or "")
    comments = "".join(
        f"<li>{escape(comment.author.display_name)}:"
        f"<pre>{escape(text.plain(comment.body))}</pre></li>"
        for comment in issue.comments.values()
    )
    return (
        f"<article id={issue.key}><h3>{issue.key} [{escape(status)}] "
        f"{escape(str(issue.values['summary']))}</h3>"
        f"<p>Labels: {escape(labels or 'none')}</p><pre>{escape(description)}</pre>"
        f"{f'<ul>{comments}</ul>' if comments else ''}</article>"
    )
