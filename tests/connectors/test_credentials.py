"""Credentials of integrations: one way to prove oneself, whole, whatever the system calls it."""

from __future__ import annotations

import base64
from itertools import combinations

import pytest
from pydantic import ValidationError

from bridge.connectors.catalogue import load_connectors
from bridge.connectors.confluence.options import ConfluenceAuth
from bridge.connectors.credentials import Credentials, Way
from bridge.connectors.jira.options import JiraAuth
from bridge.connectors.kibana.options import KibanaAuth
from bridge.connectors.linear.options import LinearAuth

load_connectors()
MODELS = Credentials.__subclasses__()
WHOLE = [
    pytest.param(model, way, id=f"{model.__name__} {way}") for model in MODELS for way in model.ways
]
BASIC = base64.b64encode(b"a@b.example:x").decode()


def test_every_system_with_credentials_is_looked_at() -> None:
    assert {model.__name__ for model in MODELS} == {
        "CasesWebhookAuth", "ConfluenceAuth", "GitHubAuth", "JiraAuth", "KibanaAuth",
        "LinearAuth", "SentryAuth", "SlackAuth", "TheHiveAuth",
    }  # fmt: skip


@pytest.mark.parametrize(("model", "way"), WHOLE)
def test_each_way_alone_is_taken_and_its_secret_is_not_shown(
    model: type[Credentials], way: Way
) -> None:
    auth = model.model_validate({name: f"made-up-{name}" for name in way.fields})
    secret = f"made-up-{way.secret}"
    assert auth.header().endswith(auth.secrets()[-1])
    assert auth.secrets()[0] == secret
    assert secret not in repr(auth)


@pytest.mark.parametrize("model", MODELS)
def test_half_a_way_or_two_of_them_are_refused_and_no_secret_is_told(
    model: type[Credentials],
) -> None:
    names = [name for way in model.ways for name in way.fields]
    whole = [set(way.fields) for way in model.ways]
    for count in range(len(names) + 1):
        for some in combinations(names, count):
            if set(some) in whole:
                continue
            with pytest.raises(ValidationError, match=r"give `.+, or `.+ alone") as refused:
                model.model_validate(dict.fromkeys(some, "made-up"))
            assert "made-up" not in str(refused.value)


@pytest.mark.parametrize("model", [JiraAuth, ConfluenceAuth])
def test_api_token_without_its_email_beside_a_token_is_refused(model: type[Credentials]) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate({"token": "x", "api_token": "y"})
    assert "give `email` and `api_token`, or `token`, or `access_token` alone" in str(refused.value)


@pytest.mark.parametrize(
    ("model", "given", "header"),
    [
        (JiraAuth, {"email": "a@b.example", "api_token": "x"}, f"Basic {BASIC}"),
        (KibanaAuth, {"username": "a@b.example", "password": "x"}, f"Basic {BASIC}"),
        (KibanaAuth, {"api_key": "x"}, "ApiKey x"),
        (LinearAuth, {"api_key": "x"}, "x"),
        (LinearAuth, {"access_token": "x"}, "Bearer x"),
    ],
)
def test_header_is_as_the_system_takes_it(
    model: type[Credentials], given: dict[str, str], header: str
) -> None:
    auth = model.model_validate(given)
    assert auth.header() == header
    assert set(auth.secrets()) == {"x", header.rpartition(" ")[2]}
