"""push_case as every system but Jira and Kibana's own tests ask it: one issue for a case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.connectors.catalogue import load_connectors
from bridge.errors import TryAgain
from bridge.event import JSON
from bridge.sandbox.github.state import Issue as GitHubIssue
from bridge.sandbox.linear.state import Issue as LinearIssue
from bridge.sandbox.serve import RunningSandbox
from bridge.sandbox.thehive.state import Entity as HiveCase
from tests.connectors.conftest import Moment, Opened, opened_at, set_faults, until_done

MARK = "case-mark-0000000001"
COMMENTS: list[JSON] = [
    {"id": "k-1", "comment": "Seen *again*.", "created_by": {"username": "elastic"}},
    {"id": "k-2", "type": "alert", "alertId": ["a"]},
]
CASE: dict[str, JSON] = {
    "id": "31cdada0",
    "title": "Weak certificate",
    "description": "The key has **1024** bits.",
    "severity": "high",
    "tags": ["two words", "tls"],
    "comments": COMMENTS,
}
COMMENT = "Seen *again*.\n\n*Added by elastic to the case Weak certificate.*"


@dataclass(frozen=True, slots=True)
class Shown:
    """An issue as people see it."""

    title: str
    text: str
    tags: list[str]
    comments: list[str]


@dataclass(frozen=True, slots=True)
class Vendor:
    """What these tests have to know of a stand-in. issues: those it holds, the oldest first.

    people: what people see of a text.
    """

    name: str
    issues: Callable[[Any], list[Any]]
    show: Callable[[Any, Any], Shown]
    people: Callable[[str], str]

    def only(self, state: Any) -> Shown:
        (issue,) = self.issues(state)
        return self.show(state, issue)


def _github(_state: Any, issue: GitHubIssue) -> Shown:
    comments = [one.body for one in issue.comments]
    return Shown(issue.title, issue.body or "", list(issue.labels), comments)


def _linear(state: Any, issue: LinearIssue) -> Shown:
    comments = [one.body for one in state.comments.values() if one.issue == issue.id]
    labels = [state.labels[one] for one in issue.labels]
    return Shown(issue.title, issue.description or "", labels, comments)


def _thehive(_state: Any, case: HiveCase) -> Shown:
    tags = case.values["tags"]
    assert isinstance(tags, list)
    shown = [str(one) for one in tags if not str(one).startswith("scanbridge-")]
    comments = [one.message for one in case.comments]
    return Shown(str(case.values["title"]), str(case.values["description"]), shown, comments)


VENDORS: Mapping[str, Vendor] = {
    one.name: one
    for one in (
        Vendor(
            "github",
            lambda state: list(state.issues.values()),
            _github,
            lambda text: text.partition("\n\n[scanbridge-case-")[0].partition("\n\n<!--")[0],
        ),
        Vendor(
            "thehive",
            lambda state: state.of("Case"),
            _thehive,
            lambda text: text.partition("\n\n[scanbridge-")[0],
        ),
        Vendor("linear", lambda state: list(state.issues.values()), _linear, lambda text: text),
    )
}


@pytest.fixture(params=list(VENDORS))
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return VENDORS[str(request.param)]


@pytest.fixture
async def there(vendor: Vendor, sandbox: RunningSandbox, clock: Moment) -> AsyncIterator[Opened]:
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/{vendor.name}"}
    async for opened in opened_at(sandbox, vendor.name, clock, options):
        yield opened


@pytest.fixture
def state(vendor: Vendor, sandbox: RunningSandbox) -> Any:
    return sandbox.app.neighbours[vendor.name].state


async def push(there: Opened, case: dict[str, JSON], **more: JSON) -> dict[str, JSON]:
    outcome = await there.run("push_case", {"case": case, **more}, mark=MARK)
    return dict(outcome.outputs)


async def test_case_becomes_an_issue_with_its_comments(
    there: Opened, vendor: Vendor, state: Any
) -> None:
    made = await push(there, CASE)
    shown = vendor.only(state)
    assert made["created"] is True
    assert (made["case"], made["comments"]) == ("31cdada0", ["k-1"])
    assert shown.title == "Weak certificate"
    assert vendor.people(shown.text) == "The key has **1024** bits."
    assert sorted(shown.tags) == ["tls", "two words"]
    assert [vendor.people(one) for one in shown.comments] == [COMMENT]


async def test_second_push_finds_the_issue_by_the_cases_mark(
    there: Opened, vendor: Vendor, state: Any
) -> None:
    made = await push(there, CASE)
    again = await there.run("push_case", {"case": CASE}, mark=MARK)
    assert again.found
    assert (again.outputs["key"], again.outputs["created"]) == (made["key"], False)
    assert len(vendor.only(state).comments) == 1


@pytest.mark.parametrize("fault", ["lost_answer", "5xx"])
@pytest.mark.parametrize("times", [1, 2, 3])
async def test_one_issue_and_each_comment_once_whatever_happens_to_the_answers(
    times: int, fault: str, there: Opened, vendor: Vendor, state: Any, sandbox: RunningSandbox
) -> None:
    met = f"next:{times}"
    set_faults(sandbox, **{fault: f"after:{met}" if fault == "5xx" else met}, index_lag="5")
    await until_done(there, "push_case", {"case": CASE}, mark=MARK)
    set_faults(sandbox)
    later: dict[str, JSON] = {**CASE, "title": "Weak certificates", "description": "Replaced."}
    await push(there, later)
    shown = vendor.only(state)
    assert (shown.title, vendor.people(shown.text)) == ("Weak certificates", "Replaced.")
    assert len(shown.comments) == 1


async def test_a_second_push_by_hand_makes_no_second_issue_after_a_lost_answer(
    there: Opened, vendor: Vendor, state: Any, sandbox: RunningSandbox
) -> None:
    """Whoever asks again by an API says nothing of the first time."""
    set_faults(sandbox, lost_answer="next:1")
    case: dict[str, JSON] = {"id": "1", "title": "Weak"}
    with pytest.raises(TryAgain):
        await push(there, case)
    assert (await push(there, case))["created"] is False
    assert vendor.only(state).title == "Weak"


async def test_what_changed_in_the_case_is_written_and_what_people_wrote_stays(
    there: Opened, vendor: Vendor, state: Any
) -> None:
    key = (await push(there, CASE))["key"]
    await there.run("update_ticket", {"ticket": key, "summary": "A person's words"})
    await there.run("update_ticket", {"ticket": key, "labels": ["two words", "tls", "by-hand"]})
    later: dict[str, JSON] = {**CASE, "description": "It was replaced.", "tags": ["tls", "new"]}
    again = await push(there, later, ticket=key)
    assert set(again["changed"]) == {"description", "tags"}  # type: ignore[arg-type]
    shown = vendor.only(state)
    assert shown.title == "A person's words"
    assert sorted(shown.tags) == ["by-hand", "new", "tls"]
    assert vendor.people(shown.text) == "It was replaced."
    assert (await push(there, later, ticket=key))["changed"] == []


async def test_table_below_the_text_stays_and_is_known(
    there: Opened, vendor: Vendor, state: Any
) -> None:
    key = (await push(there, CASE))["key"]
    table: dict[str, JSON] = {"ticket": key, "columns": ["A"], "row": ["cell"]}
    await there.run("append_table", table, mark="table-0000000001")
    later: dict[str, JSON] = {**CASE, "description": "It was replaced."}
    await push(there, later, ticket=key)
    shown = vendor.only(state)
    assert shown.text.startswith("It was replaced.\n\n")
    assert "1024" not in shown.text
    assert "| cell |" in shown.text
    await there.run("append_table", table, mark="table-0000000001", may_exist=True)
    assert vendor.only(state).text.count("| cell |") == 1


async def test_what_an_event_did_not_tell_has_not_changed(
    there: Opened, vendor: Vendor, state: Any
) -> None:
    key = (await push(there, CASE))["key"]
    short: dict[str, JSON] = {"id": CASE["id"], "title": "Weak certificates"}
    short["comment"] = {"id": "k-9", "body": "By mail.", "author": "Ada"}
    again = await push(there, short, ticket=key)
    assert again["comments"] == ["k-9"]
    shown = vendor.only(state)
    assert shown.title == "Weak certificates"
    assert vendor.people(shown.text) == "The key has **1024** bits."
    assert sorted(shown.tags) == ["tls", "two words"]


async def test_issue_that_was_not_made_by_a_push_keeps_its_words(
    there: Opened, vendor: Vendor, state: Any
) -> None:
    made = await there.run("create_ticket", {"summary": "By hand", "description": "Mine."})
    pushed = await push(there, CASE, ticket=made.outputs["key"])
    assert (pushed["created"], pushed["changed"]) == (False, ["tags"])
    shown = vendor.only(state)
    assert (shown.title, vendor.people(shown.text)) == ("By hand", "Mine.")
    assert sorted(shown.tags) == ["tls", "two words"]


@pytest.mark.parametrize("vendor", ["github", "linear"], indirect=True)
async def test_words_of_a_case_call_nobody(there: Opened, vendor: Vendor, state: Any) -> None:
    calls = {
        "github": ("@octo-org/team", "@\u2060octo-org/team"),
        "linear": (
            "https://linear.app/x/profiles/ada",
            "https://linear.app/\u2060x/profiles/ada",
        ),
    }
    written, quiet = calls[vendor.name]
    hostile: dict[str, JSON] = {
        "id": "c", "title": "a\nb", "description": f"{written} <script>",
        "comments": [{"id": "1", "comment": written, "created_by": {"username": "*x*"}}],
    }  # fmt: skip
    await push(there, hostile)
    shown = vendor.only(state)
    assert shown.title == "a b"
    assert quiet in shown.text
    assert quiet in shown.comments[0]
    assert "<script>" not in shown.text


async def test_what_the_bridge_itself_wrote_in_the_case_is_not_brought_back(
    there: Opened, vendor: Vendor, state: Any
) -> None:
    """A comment of Jira's that a rule brought into the case comes along with the case's own."""
    comments: list[JSON] = [
        {"id": "1", "comment": "From Jira.\n\n[scanbridge-mark-0000000007]: #"},
        {"id": "2", "comment": "From GitHub.\n\n<!-- scanbridge:mark-0000000008 -->"},
        {"id": "3", "comment": "Of a person."},
    ]
    assert (await push(there, {**CASE, "comments": comments}))["comments"] == ["3"]


@pytest.mark.parametrize(
    ("name", "ticket"),
    [
        ("github", "sandbox/shop#12"),
        ("github", "https://github.com/sandbox/shop/issues/12"),
        ("linear", "eng-12"),
        ("linear", "https://linear.app/x/issue/ENG-12/a-title"),
        ("thehive", "~4120"),
        ("thehive", "https://thehive.example.com/cases/~4120/details"),
        ("kibana", "5c31aada"),
        ("jira", "sec-12"),
        ("cases-webhook", "10012"),
    ],
)
def test_push_waits_for_whoever_else_writes_to_the_issue(name: str, ticket: str) -> None:
    """Both name it in one spelling: else two writes would run side by side."""
    connector = load_connectors()[name]
    push_case, comment = connector.action("push_case"), connector.action("comment")
    assert push_case is not None
    assert comment is not None
    given: dict[str, JSON] = {"ticket": ticket, "case": CASE}
    pushed = push_case.object_of(push_case.shape.parameters.model_validate(given))
    said = comment.object_of(
        comment.shape.parameters.model_validate({"ticket": ticket, "body": "x"})
    )
    assert pushed == said
    first = push_case.object_of(push_case.shape.parameters.model_validate({"case": CASE}))
    assert first == "case 31cdada0"


@pytest.mark.parametrize("vendor", ["github"], indirect=True)
async def test_longer_description_moves_the_oldest_tables_into_comments(
    there: Opened, vendor: Vendor, state: Any
) -> None:
    case: dict[str, JSON] = {"id": "1", "title": "t", "description": "Short."}
    key = (await push(there, case))["key"]
    for number in range(3):
        await there.run(
            "append_table",
            {"ticket": key, "columns": ["A"], "row": [f"cell {number} " + "y" * 15_000]},
            mark=f"table-000000000{number}",
        )
    await push(there, {**case, "description": "z" * 40_000}, ticket=key)
    shown = vendor.only(state)
    assert shown.text.startswith("zzz")
    everything = "\n".join([shown.text, *shown.comments])
    assert [everything.count(f"cell {number} ") for number in range(3)] == [1, 1, 1]
    assert "cell 0 " not in shown.text
    assert (await there.run("push_case", {"case": case}, mark=MARK)).outputs["key"] == key
