"""What every small stand-in gets from the sandbox: routes, credentials, faults, signed webhooks."""

from __future__ import annotations

import httpx
import pytest

from bridge.clock import wall_clock
from bridge.event import JSON
from bridge.sandbox.app import Sandbox, SandboxOptions, create_sandbox
from bridge.sandbox.exchange import Answer, Declined, answer, decline
from bridge.sandbox.faults import read_faults
from bridge.sandbox.neighbours import load_neighbours
from bridge.sandbox.stand_in import (
    AnyStandIn,
    Call,
    StandIn,
    StandInKind,
    Surroundings,
    bearer_token,
    path,
)
from bridge.sandbox.webhooks import Delivery, Dialect, Target, digest

State = list[str]


def _add(call: Call[State]) -> Answer:
    call.state.append(call.request.body.decode())
    call.around.outbox.send("1", "added", {"what": call.state[-1]})
    return answer({"number": len(call.state)}, 201)


def _read(call: Call[State]) -> Answer:
    number = call.arguments[0]
    if not number.isdecimal() or int(number) > len(call.state):
        raise Declined(404, "nothing of that number")
    return answer({"what": call.state[int(number) - 1]})


def _headers(delivery: Delivery, now: int) -> list[tuple[str, str]]:
    return [("X-Toy-Signature", digest(delivery.target.secret, delivery.body)), ("X-At", str(now))]


def _too_many(wait_ms: int, now: int) -> Answer:
    del now
    return answer({"slow": wait_ms}, 429)


def _show(state: State) -> JSON:
    return [*state]


TOY: StandInKind[State] = StandInKind(
    name="toy",
    title="Toy",
    paths=(
        path("POST", "things", _add),
        path("GET", "things/{}", _read),
        path("GET", "files/{+}", lambda call: answer(call.arguments[0]), public=True),
    ),
    make=lambda _around: [],
    show=_show,
    decline=decline,
    too_many=_too_many,
    token_of=bearer_token,
    webhooks=Dialect(_headers, again=False),
)
ENTER = {"authorization": "Bearer let-me-in"}


@pytest.fixture
def app() -> Sandbox:
    made = create_sandbox(SandboxOptions(tokens=frozenset({"let-me-in"})))
    made.neighbours["toy"] = toy(made)
    return made


def toy(app: Sandbox) -> AnyStandIn:
    outbox = app.webhooks.outbox("toy", TOY.webhooks or Dialect(_headers))
    return StandIn(TOY, Surroundings(app.conditions, outbox, app.journal, app.options.tokens))


def client_of(app: Sandbox) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://sandbox.test", headers=ENTER)


async def test_stand_in_answers_below_its_name_and_says_what_it_is(app: Sandbox) -> None:
    async with client_of(app) as client:
        made = await client.post("/toy/things", content="a")
        read = await client.get("/toy/things/1")
    assert (made.status_code, read.json()) == (201, {"what": "a"})
    assert read.headers["x-sandbox"] == "true; this is a stand-in, not a real Toy"
    assert [(one.site, one.path) for one in app.journal.entries] == [
        ("toy", "/things"),
        ("toy", "/things/1"),
    ]


async def test_open_end_of_a_path_takes_slashes_too(app: Sandbox) -> None:
    async with client_of(app) as client:
        assert (await client.get("/toy/files/a/b.txt")).json() == "a/b.txt"


@pytest.mark.parametrize(
    ("method", "where", "headers", "status"),
    [
        ("GET", "/toy/things/7", ENTER, 404),
        ("GET", "/toy/elsewhere", ENTER, 404),
        ("DELETE", "/toy/things/1", ENTER, 405),
        ("GET", "/toy/things/1", {"authorization": "Bearer wrong"}, 401),
        ("GET", "/toy/things/1", {"authorization": "let-me-in"}, 401),
    ],
)
async def test_refusals_are_in_the_vendors_shape(
    app: Sandbox, method: str, where: str, headers: dict[str, str], status: int
) -> None:
    async with client_of(app) as client:
        given = await client.request(method, where, headers=headers)
    assert given.status_code == status
    assert given.json()["errorMessages"]


async def test_faults_meet_writes_and_the_429_is_the_vendors(app: Sandbox) -> None:
    async with client_of(app) as client:
        app.conditions.faults = read_faults({"lost-answer": "on"})
        with pytest.raises(ConnectionError):
            await client.post("/toy/things", content="a")
        assert (await client.get("/toy/things/1")).status_code == 200
        app.conditions.faults = read_faults({"5xx": "after:on"})
        assert (await client.post("/toy/things", content="b")).status_code >= 500
        app.conditions.faults = read_faults({"burst-429": "on"})
        assert (await client.get("/toy/things/2")).json() == {"slow": 1000}
    assert app.neighbours["toy"].state == ["a", "b"]


async def test_webhooks_go_to_targets_of_that_site_only_in_the_vendors_form() -> None:
    sent: list[tuple[str, dict[str, str], bytes]] = []
    app = create_sandbox(SandboxOptions())
    app.webhooks.targets = (
        Target("http://receiver.test/jira", "made-up"),
        Target("http://receiver.test/toy", "made-up", sites=("toy",)),
    )

    async def send(url: str, headers: object, body: bytes) -> int:
        assert isinstance(headers, list)
        sent.append((url, dict(headers), body))
        return 500

    app.webhooks._sender = send
    app.neighbours["toy"] = toy(app)
    async with client_of(app) as client:
        await client.post("/toy/things", content="a")
    await app.webhooks.settled()
    ((url, headers, body),) = sent  # this vendor never tries again
    assert url == "http://receiver.test/toy"
    assert headers["X-Toy-Signature"] == digest("made-up", body)
    assert headers["X-Sandbox"] == "true"
    assert app.webhooks.deliveries[0].state == "given up"


async def test_state_and_page_show_what_a_stand_in_holds(app: Sandbox) -> None:
    async with client_of(app) as client:
        await client.post("/toy/things", content="<b>")
        state = (await client.get("/sandbox/state/toy")).json()
        missing = await client.get("/sandbox/state/teddy")
        page = (await client.get("/")).text
        wrong = await client.put(
            "/sandbox/webhooks", json={"targets": [{"url": "http://x", "sites": ["teddy"]}]}
        )
    assert state == {"sandbox": True, "name": "toy", "state": ["<b>"]}
    assert missing.status_code == 404
    assert "Sandbox Toy at /toy" in page
    assert "&lt;b&gt;" in page
    assert wrong.status_code == 400
    assert "no site teddy" in wrong.json()["error"]


def test_every_stand_in_of_the_folder_is_mounted_and_starts_anew_at_a_reset() -> None:
    made = create_sandbox(clock=wall_clock)
    assert set(made.neighbours) == set(load_neighbours())
    for name, stand_in in made.neighbours.items():
        assert stand_in.kind.name == name
        assert stand_in.show() is not None
