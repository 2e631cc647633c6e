"""`/`: says that this is the bridge, and where its state can be read. Static, and needs no key."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>scanbridge</title>
<body>
<h1>scanbridge</h1>
<p>The bridge is running. Senders post their webhooks to <code>/hooks/SOURCE</code>.</p>
<ul>
<li><a href="/readyz">/readyz</a>: whether it can do its work, and what keeps it from that</li>
<li><a href="/metrics">/metrics</a>: its numbers, for Prometheus</li>
</ul>
<p>What came in and what became of it: <code>bridge events list</code>,
<code>bridge events show ID</code>, <code>bridge events tail</code>.
What was refused: <code>bridge quarantine list</code>.</p>
</body>
</html>
"""

HEADERS = {"content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff"}


def routes() -> list[Route]:
    return [Route("/", show)]


async def show(request: Request) -> Response:
    del request
    return HTMLResponse(PAGE, headers=HEADERS)
