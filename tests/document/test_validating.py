"""A model and a document that do not fit: every misfit, its place, and what would be right."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bridge.document import did_you_mean, load, path_text
from bridge.errors import Invalid
from bridge.misfits import validate


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("must be even")
    return number


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Person(_Strict):
    name: str
    role: Literal["viewer", "admin"] = "viewer"
    token: SecretStr | None = None


class _House(_Strict):
    number: Annotated[int, AfterValidator(_even)]
    from_: str = Field("x", alias="from")
    people: list[_Person] = []
    owner: _Person | None = None


def problems(text: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        validate(_House, load(text, "h.yaml"))
    return [str(problem) for problem in caught.value.problems]


def test_right_document_gives_the_model() -> None:
    house = validate(_House, load("number: 2\nfrom: here\npeople: [{name: Ada}]", "h.yaml"))
    assert house.people[0].name == "Ada"
    assert house.from_ == "here"


def test_part_of_a_document_is_validated_at_its_path() -> None:
    document = load("houses: [{number: 2}, {number: 3}]", "h.yaml")
    assert validate(_House, document, ("houses", 0)).number == 2
    with pytest.raises(Invalid, match=r"h\.yaml:1:32: houses\[1\]\.number: must be even"):
        validate(_House, document, ("houses", 1))


def test_all_misfits_come_at_once() -> None:
    assert problems("numbr: 2\npeople:\n  - {nam: Ada, role: king}\n  - 3\n") == [
        'h.yaml:1:1: number: missing key "number"',
        'h.yaml:3:5: people[0].name: missing key "name"',
        'h.yaml:3:22: people[0].role: must be \'viewer\' or \'admin\'',
        'h.yaml:3:6: people[0].nam: unknown key "nam" (did you mean "name"?)',
        "h.yaml:4:5: people[1]: must be a mapping",
        'h.yaml:1:1: numbr: unknown key "numbr" (did you mean "number"?)',
    ]  # fmt: skip


def test_unknown_key_without_a_near_one_lists_what_is_known() -> None:
    assert problems("number: 2\nzzz: 1") == [
        'h.yaml:2:1: zzz: unknown key "zzz" (known here: from, number, owner, people)'
    ]


def test_unknown_key_in_an_optional_model_is_compared_with_its_keys() -> None:
    assert problems("number: 2\nowner: {name: Ada, rol: admin}") == [
        'h.yaml:2:20: owner.rol: unknown key "rol" (did you mean "role"?)'
    ]


def test_number_where_text_belongs_is_told_to_be_quoted() -> None:
    assert problems("number: 2\nfrom: 7") == [
        "h.yaml:2:7: from: must be text (put it in quotes)"
    ]  # fmt: skip


def test_message_does_not_show_a_value_that_may_be_secret() -> None:
    found = problems("number: 2\nowner: {name: Ada, token: {s3cret: s3cret}}")
    assert len(found) == 1
    assert "s3cret" not in found[0].replace("owner.token", "")


def test_empty_document_misses_its_keys() -> None:
    assert problems("") == ["h.yaml:1:1: must be a mapping"]


@pytest.mark.parametrize(
    ("word", "hint"),
    [("jra", 'did you mean "jira"?'), ("JIRA", 'did you mean "jira"?'), ("qqq", ""),
     ("issue-type", 'did you mean "issue_type"?')],
)  # fmt: skip
def test_near_words_are_suggested(word: str, hint: str) -> None:
    assert did_you_mean(word, ["jira", "webhook", "issue_type"]) == hint


def test_path_reads_as_in_the_file() -> None:
    assert path_text(("rules", 0, "then", 1, "comment")) == "rules[0].then[1].comment"
