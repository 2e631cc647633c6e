"""The control endpoints under `/sandbox/`: faults, requests, issues, webhooks, reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bridge.event import JSON
from bridge.sandbox.exchange import as_list, as_object
from bridge.sandbox.faults import NONE, BadFault, read_faults, show_faults
from bridge.sandbox.jira.show import View
from bridge.sandbox.page import index_page
from bridge.sandbox.webhooks import JIRA_SITES, Target

if TYPE_CHECKING:
    from bridge.sandbox.app import Sandbox

HEADERS = {"X-Sandbox": "true; this is a stand-in, not the real thing"}


def _json(value: JSON, status: int = 200) -> Response:
    return JSONResponse(value, status, headers=HEADERS)


def _problem(message: str, status: int = 400) -> Response:
    return _json({"error": message}, status)


async def _body(request: Request) -> JSON:
    """None for what is no JSON; every caller wants an object and says so."""
    try:
        value: JSON = await request.json()
    except ValueError:
        return None
    return value


class Control:
    """One method for each endpoint; all of them answer JSON."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def index(self, request: Request) -> Response:
        states = {f"/{name}": state for name, state in self._sandbox.states.items()}
        others = {f"/{name}": one for name, one in self._sandbox.neighbours.items()}
        page = index_page(states, others, self._sandbox.conditions.faults)
        return HTMLResponse(page, headers=HEADERS)

    async def get_faults(self, request: Request) -> Response:
        return _json(show_faults(self._sandbox.conditions.faults))

    async def set_faults(self, request: Request) -> Response:
        """PUT sets these and no others; PATCH changes only these."""
        wanted = await _body(request)
        if not isinstance(wanted, dict):
            return _problem("give a JSON object of fault names and values")
        conditions = self._sandbox.conditions
        start = conditions.faults if request.method == "PATCH" else NONE
        try:
            conditions.faults = read_faults(wanted, start)
        except BadFault as error:
            return _problem(str(error))
        return _json(show_faults(conditions.faults))

    async def get_requests(self, request: Request) -> Response:
        """`last`: how many of the last requests to show (100)."""
        last = request.query_params.get("last", "100")
        if not last.isdecimal():
            return _problem("last is a number")
        return _json(self._sandbox.journal.show(int(last)))

    async def get_issues(self, request: Request) -> Response:
        """Every issue with all its fields, comments, properties and history, the oldest first."""
        name = request.query_params.get("site", self._sandbox.options.root)
        if name not in self._sandbox.states:
            return _problem(f"no site {name}; known are {', '.join(self._sandbox.states)}", 404)
        state = self._sandbox.states[name]
        view = View(state, self._sandbox.deployment(name), str(request.base_url).rstrip("/"), 2)
        issues: list[JSON] = []
        for issue in state.all_issues():
            shown = view.issue(issue)
            shown["properties"] = dict(issue.properties)
            shown["remotelinks"] = list(issue.remote_links.values())
            shown["changelog"] = [view.change(change) for change in issue.history]
            issues.append(shown)
        return _json({"sandbox": True, "site": name, "total": len(issues), "issues": issues})

    async def get_state(self, request: Request) -> Response:
        """Everything the stand-in of this name holds."""
        name = request.path_params["name"]
        found = self._sandbox.neighbours.get(name)
        if found is None:
            known = ", ".join(self._sandbox.neighbours)
            return _problem(f"no stand-in {name}; known are {known}", 404)
        return _json({"sandbox": True, "name": name, "state": found.show()})

    async def get_webhooks(self, request: Request) -> Response:
        return _json(self._sandbox.webhooks.show())

    async def set_webhooks(self, request: Request) -> Response:
        """`{"targets": [{"url", "secret"?, "events"?, "sites"?}]}` replaces the targets."""
        wanted = as_object(await _body(request))
        if not isinstance(wanted.get("targets"), list):
            return _problem("give {targets: [{url, secret?, events?, sites?}]}")
        targets: list[Target] = []
        for sent in as_list(wanted["targets"]):
            entry = as_object(sent)
            url = entry.get("url")
            if not isinstance(url, str) or not url.startswith(("http://", "https://")):
                return _problem("every target needs a url that starts with http:// or https://")
            events = tuple(str(event) for event in as_list(entry.get("events")))
            sites = tuple(str(site) for site in as_list(entry.get("sites"))) or JIRA_SITES
            known = (*self._sandbox.states, *self._sandbox.neighbours)
            if unknown := [site for site in sites if site not in known]:
                return _problem(f"no site {unknown[0]}; known are {', '.join(known)}")
            targets.append(Target(url, str(entry.get("secret") or ""), events, sites))
        self._sandbox.webhooks.targets = tuple(targets)
        return _json(self._sandbox.webhooks.show())

    async def repeat_webhook(self, request: Request) -> Response:
        identifier = request.path_params["identifier"]
        if not self._sandbox.webhooks.repeat(identifier):
            return _problem(f"no delivery {identifier}", 404)
        return _json({"identifier": identifier, "state": "waiting"}, 202)

    async def reset(self, request: Request) -> Response:
        await self._sandbox.reset()
        return Response(status_code=204, headers=HEADERS)


def control_app(sandbox: Sandbox) -> Starlette:
    control = Control(sandbox)
    return Starlette(
        routes=[
            Route("/", control.index),
            Route("/sandbox/faults", control.get_faults, methods=["GET"]),
            Route("/sandbox/faults", control.set_faults, methods=["PUT", "PATCH"]),
            Route("/sandbox/requests", control.get_requests),
            Route("/sandbox/issues", control.get_issues),
            Route("/sandbox/state/{name}", control.get_state),
            Route("/sandbox/webhooks", control.get_webhooks, methods=["GET"]),
            Route("/sandbox/webhooks", control.set_webhooks, methods=["PUT"]),
            Route(
                "/sandbox/webhooks/{identifier}/repeat", control.repeat_webhook, methods=["POST"]
            ),
            Route("/sandbox/reset", control.reset, methods=["POST"]),
        ],
        lifespan=sandbox.lifespan,
    )
