"""Credentials of a Jira integration: one way to prove oneself, whole."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bridge.connectors.jira.options import JiraAuth

WHOLE = [{"email": "a@b.example", "api_token": "x"}, {"token": "x"}, {"access_token": "x"}]
NOT_ONE = [
    {},
    {"email": "a@b.example"},
    {"api_token": "x"},
    {"token": "x", "api_token": "y"},
    {"token": "x", "email": "a@b.example"},
    {"access_token": "x", "api_token": "y"},
    {"token": "x", "access_token": "y"},
]


@pytest.mark.parametrize("given", WHOLE)
def test_each_way_alone_is_taken(given: dict[str, str]) -> None:
    assert JiraAuth.model_validate(given).header()


@pytest.mark.parametrize("given", NOT_ONE)
def test_half_a_way_or_two_of_them_are_refused_and_no_secret_is_told(
    given: dict[str, str],
) -> None:
    with pytest.raises(ValidationError, match="alone") as refused:
        JiraAuth.model_validate(given)
    assert "'x'" not in str(refused.value)
