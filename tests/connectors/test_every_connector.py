"""What every connector in the catalogue promises, asked of each of its actions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import BaseModel, ValidationError

from bridge.action import Exchange
from bridge.connectors import catalogue
from bridge.connectors.catalogue import action_shapes, load_connectors
from bridge.connectors.contract import Action, Connector
from bridge.errors import ConnectorError, GiveUp, TryAgain
from tests.connectors.conftest import Opened, Remote
from tests.connectors.shared import all_given, given

ACTIONS = [
    pytest.param(connector, action, id=f"{connector.name}.{action.shape.name}")
    for connector in load_connectors().values()
    for action in connector.actions
]
REMOTE_ACTIONS = [one for one in ACTIONS if one.id != "log.log"]
JSON_ACTIONS = [
    one for one in REMOTE_ACTIONS if all_given()[str(one.id).partition(".")[0]].expects_json
]

Scripted = Callable[[str], Opened]


async def failure(opened: Opened, action: Action, *, may_exist: bool = False) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await opened.run(action.shape.name, may_exist=may_exist)
    return caught.value


def everything_said(error: BaseException | None) -> Iterator[str]:
    """The error and whatever hangs on it, as a log or a debugger would show it."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        error = error.__cause__ or error.__context__


def test_catalogue_finds_every_connector_that_is_given_here() -> None:
    assert set(load_connectors()) == set(all_given())
    assert set(all_given()) >= {"jira", "log", "webhook"}


@pytest.mark.parametrize("connector", load_connectors().values(), ids=lambda one: one.name)
def test_every_action_has_parameters_here(connector: Connector) -> None:
    offered = {action.shape.name for action in connector.actions}
    assert offered == set(given(connector.name).parameters)


def test_every_action_of_the_table_is_offered_or_done_elsewhere() -> None:
    offered = {action.shape.name for one in load_connectors().values() for action in one.actions}
    assert set(action_shapes()) - offered == {"sync_status"}


def test_modules_that_are_no_connectors_exist() -> None:
    names = {path.stem for path in Path(catalogue.__file__).parent.glob("*.py")}
    assert names >= catalogue.NOT_CONNECTORS


@pytest.mark.parametrize(("connector", "action"), ACTIONS)
def test_unknown_parameter_is_refused(connector: Connector, action: Action) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        action.shape.parameters.model_validate(
            {**given(connector.name).parameters[action.shape.name], "sumary": "x"}
        )


@pytest.mark.parametrize(("connector", "action"), ACTIONS)
def test_missing_parameters_are_refused(connector: Connector, action: Action) -> None:
    fields = action.shape.parameters.model_fields.values()
    if not any(field.is_required() for field in fields):
        assert action.shape.name == "push_case"  # the event is about the case
        return
    with pytest.raises(ValidationError, match="Field required"):
        action.shape.parameters.model_validate({})


@pytest.mark.parametrize("connector", load_connectors().values(), ids=lambda one: one.name)
def test_unknown_setting_is_refused(connector: Connector) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        connector.settings.model_validate({**given(connector.name).options, "base_ur": "x"})


@pytest.mark.parametrize("connector", load_connectors().values(), ids=lambda one: one.name)
def test_secrets_are_in_no_text_of_the_settings(connector: Connector) -> None:
    settings: BaseModel = connector.settings.model_validate(given(connector.name).options)
    for secret in given(connector.name).secrets:
        assert secret not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_connectors_that_need_no_integration_open_without_options(
    scripted: Scripted, remote: Remote
) -> None:
    for connector in load_connectors().values():
        if not connector.needs_integration:
            assert connector.open(connector.settings(), scripted("log").http) is not None


@pytest.mark.parametrize(("connector", "action"), REMOTE_ACTIONS)
async def test_401_gives_up(
    connector: Connector, action: Action, scripted: Scripted, remote: Remote
) -> None:
    remote.answer = lambda _: httpx.Response(401, json={"errorMessages": ["Who are you?"]})
    error = await failure(scripted(connector.name), action)
    assert isinstance(error, GiveUp)
    assert error.status == 401
    assert "Who are you?" in error.reason
    assert len(remote.requests) == 1


@pytest.mark.parametrize(("connector", "action"), REMOTE_ACTIONS)
async def test_429_honours_the_wait(
    connector: Connector, action: Action, scripted: Scripted, remote: Remote
) -> None:
    remote.answer = lambda _: given(connector.name).too_many()
    error = await failure(scripted(connector.name), action)
    assert isinstance(error, TryAgain)
    assert (error.after_seconds, error.scope, error.may_have_happened) == (
        *given(connector.name).waits,
        False,
    )


@pytest.mark.parametrize(("connector", "action"), REMOTE_ACTIONS)
async def test_refused_connection_is_tried_again_and_nothing_has_happened(
    connector: Connector, action: Action, scripted: Scripted, remote: Remote
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    remote.answer = refuse
    error = await failure(scripted(connector.name), action)
    assert isinstance(error, TryAgain)
    assert not error.may_have_happened
    assert "could not connect" in error.reason


@pytest.mark.parametrize(("connector", "action"), REMOTE_ACTIONS)
@pytest.mark.parametrize(
    "lost", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError]
)
async def test_answer_lost_on_a_write_is_tried_again_and_may_have_happened(
    lost: type[httpx.RequestError],
    connector: Connector,
    action: Action,
    scripted: Scripted,
    remote: Remote,
) -> None:
    def lose(request: httpx.Request) -> httpx.Response:
        read = given(connector.name).read(request)
        if read is not None:
            return read
        raise lost("gone", request=request)

    remote.answer = lose
    error = await failure(scripted(connector.name), action)
    assert isinstance(error, TryAgain)
    assert error.may_have_happened
    assert len([one for one in remote.requests if not given(connector.name).read(one)]) == 1


@pytest.mark.parametrize(("connector", "action"), REMOTE_ACTIONS)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_5xx_on_a_write_is_tried_again_and_may_have_happened(
    status: int, connector: Connector, action: Action, scripted: Scripted, remote: Remote
) -> None:
    remote.answer = lambda request: given(connector.name).read(request) or httpx.Response(status)
    error = await failure(scripted(connector.name), action)
    assert isinstance(error, TryAgain)
    assert (error.status, error.may_have_happened) == (status, True)


@pytest.mark.parametrize(("connector", "action"), JSON_ACTIONS)
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"made"', b"{}"])
async def test_success_that_tells_nothing_is_done_or_leaves_doubt(
    body: bytes, connector: Connector, action: Action, scripted: Scripted, remote: Remote
) -> None:
    """A proxy that drops a body must not make two tickets of one."""
    remote.answer = lambda request: (
        given(connector.name).read(request) or httpx.Response(200, content=body)
    )
    opened = scripted(connector.name)
    doubts: list[bool] = []
    try:
        await opened.run(action.shape.name)
    except TryAgain as error:
        doubts.append(error.may_have_happened)
    assert doubts in ([], [True])


@pytest.mark.parametrize(("connector", "action"), JSON_ACTIONS)
async def test_web_page_where_json_is_expected_gives_up_and_says_so(
    connector: Connector, action: Action, scripted: Scripted, remote: Remote
) -> None:
    page = "<!doctype html><html><head><title>Log in &amp; go</title></head></html>"
    remote.answer = lambda _: httpx.Response(200, html=page)
    error = await failure(scripted(connector.name), action)
    assert isinstance(error, GiveUp)
    assert 'a web page titled "Log in & go" where JSON was expected' in error.reason


@pytest.mark.parametrize(("connector", "action"), REMOTE_ACTIONS)
async def test_redirect_to_another_host_gives_up_and_names_it(
    connector: Connector, action: Action, scripted: Scripted, remote: Remote
) -> None:
    remote.answer = lambda _: httpx.Response(
        307, headers={"location": "https://elsewhere.example/x"}
    )
    error = await failure(scripted(connector.name), action)
    assert isinstance(error, GiveUp)
    assert "elsewhere.example" in error.reason
    assert {one.url.host for one in remote.requests} <= given(connector.name).hosts


def _echo(request: httpx.Request) -> str:
    """All that a careless server could repeat."""
    return f"{dict(request.headers)} {request.url} {request.content!r}"


def _refuse_and_tell(request: httpx.Request) -> httpx.Response:
    return httpx.Response(400, json={"errorMessages": [_echo(request)]})


def _fail_and_tell(request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, text=_echo(request))


def _page_and_tell(request: httpx.Request) -> httpx.Response:
    return httpx.Response(400, html=f"<title>{_echo(request)}</title>")


def _drop_and_tell(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError(_echo(request), request=request)


@pytest.mark.parametrize(("connector", "action"), REMOTE_ACTIONS)
@pytest.mark.parametrize(
    "answer", [_refuse_and_tell, _fail_and_tell, _page_and_tell, _drop_and_tell]
)
async def test_secrets_are_in_no_text(
    answer: Callable[[httpx.Request], httpx.Response],
    connector: Connector,
    action: Action,
    scripted: Scripted,
    remote: Remote,
    caplog: pytest.LogCaptureFixture,
) -> None:
    remote.answer = answer
    opened = scripted(connector.name)
    exchanges: list[Exchange]
    with opened.http.trail() as exchanges:
        error = await failure(opened, action)
    assert exchanges
    for secret in given(connector.name).sent:
        assert any(secret in str(dict(one.headers)) for one in remote.requests)
    texts = [*everything_said(error), repr(exchanges), repr(opened.client), caplog.text]
    for secret in given(connector.name).secrets:
        for text in texts:
            assert secret not in text


@pytest.mark.parametrize(("connector", "action"), ACTIONS)
async def test_check_returns_problems_as_findings(
    connector: Connector, action: Action, scripted: Scripted, remote: Remote
) -> None:
    remote.answer = lambda _: httpx.Response(401, json={"message": "no entry"})
    findings = await connector.check(scripted(connector.name).client)
    assert findings
    if given(connector.name).asks:
        assert not findings[0].ok
        assert "no entry" in findings[0].message


@pytest.mark.parametrize("connector", load_connectors().values(), ids=lambda one: one.name)
@pytest.mark.parametrize("status", [401, 403])
async def test_check_says_what_to_do_where_nobody_lets_us_in(
    status: int, connector: Connector, scripted: Scripted, remote: Remote
) -> None:
    remote.answer = lambda _: httpx.Response(status, json={"message": "no entry"})
    for finding in await connector.check(scripted(connector.name).client):
        assert finding.ok or finding.hint


def test_examples_of_the_shapes_name_their_action() -> None:
    for name, shape in action_shapes().items():
        assert re.match(rf"- {name}:\n", shape.example)
