"""Kibana's cases, against the sandbox over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.kibana.state import Case, KibanaState
from bridge.sandbox.serve import RunningSandbox
from tests.connectors.conftest import (
    Moment,
    Opened,
    Recorder,
    Remote,
    open_connector,
    set_faults,
    until_done,
)
from tests.connectors.described import check_requests, openapi

MARK = "mark-0000000001"


@pytest.fixture(params=["default", "soc"])
async def kibana(
    request: pytest.FixtureRequest, sandbox: RunningSandbox, clock: Moment
) -> AsyncIterator[Opened]:
    """The connector in the default space, then in another."""
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/kibana", "space": request.param}
    opened = open_connector("kibana", Recorder(), clock, options)
    yield opened
    await opened.http.aclose()


@pytest.fixture
def state(sandbox: RunningSandbox) -> KibanaState:
    found = sandbox.app.neighbours["kibana"].state
    assert isinstance(found, KibanaState)
    return found


async def made(kibana: Opened, state: KibanaState, **more: JSON) -> Case:
    outcome = await kibana.run("create_ticket", {"summary": "Weak", "description": "x", **more})
    return state.cases[str(outcome.outputs["key"])]


def words(case: Case) -> list[str]:
    """What people read of the comments."""
    return [str(one.body["comment"]).partition("\n\n[scanbridge")[0] for one in case.comments]


def tags(case: Case) -> list[str]:
    found = case.values["tags"]
    assert isinstance(found, list)
    return [str(one) for one in found if not str(one).startswith("scanbridge-")]


async def test_case_is_made_with_what_the_rule_says(kibana: Opened, state: KibanaState) -> None:
    outcome = await kibana.run(
        "create_ticket",
        {
            "summary": "RSA-1024\ncertificate",
            "description": "Found **twice** <b>",
            "priority": "Highest",
            "labels": ["tls", "tls", "two words"],
            "assignee": "u_1",
            "issue_type": "Certificate",
        },
    )
    case = state.cases[str(outcome.outputs["key"])]
    assert case.values["title"] == "RSA-1024 certificate"
    assert case.values["description"] == "Found **twice** \\<b\\>"
    assert case.values["severity"] == "critical"
    assert case.values["category"] == "Certificate"
    assert case.values["assignees"] == [{"uid": "u_1"}]
    assert tags(case) == ["tls", "two words"]
    space = kibana.client.settings.space
    assert case.space == space
    place = "" if space == "default" else f"/s/{space}"
    page = f"{place}/app/management/insightsAndAlerting/cases/{case.id}"
    assert str(outcome.outputs["url"]).endswith(page)


async def test_what_a_case_has_no_place_for_is_told(kibana: Opened, state: KibanaState) -> None:
    given: dict[str, JSON] = {"project": "SEC", "parent": "SEC-1", "issue_type": "Certificate"}
    actions: dict[str, dict[str, JSON]] = {
        "create_ticket": {"summary": "x"},
        "push_case": {"case": {"id": "7", "title": "x"}},
    }
    for action, more in actions.items():
        outcome = await kibana.run(action, {**given, **more}, mark=f"mark-{action}")
        assert state.cases[str(outcome.outputs["key"])].values["category"] == "Certificate"
        assert {"parent", "project"} <= set(" ".join(outcome.lost).split())


@pytest.mark.parametrize("status", [200, 503])
async def test_id_of_a_comment_that_the_answer_does_not_tell_is_looked_up_once(
    status: int, remote: Remote, clock: Moment
) -> None:
    """And a look that fails adds no second comment."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/_find"):
            text = f"Seen.\n\n[scanbridge-{MARK}]: #"
            return httpx.Response(status, json={"comments": [{"id": "k7", "comment": text}]})
        return httpx.Response(200, json={"id": "c1", "owner": "cases"})

    remote.answer = answer
    opened = open_connector("kibana", httpx.MockTransport(remote), clock)
    outcome = await opened.run("comment", {"ticket": "c1", "body": "Seen."}, mark=MARK)
    assert outcome.outputs == {"id": "k7" if status == 200 else ""}
    assert [one.method for one in remote.requests] == ["GET", "POST", "GET"]


@pytest.mark.parametrize("fault", ["lost_answer", "5xx"])
@pytest.mark.parametrize("action", ["create_ticket", "comment", "push_case"])
async def test_one_of_each_whatever_happens_to_the_answers(
    action: str, fault: str, kibana: Opened, state: KibanaState, sandbox: RunningSandbox
) -> None:
    case = await made(kibana, state) if action == "comment" else None
    comment: JSON = {"id": "k", "body": "Seen."}
    given: dict[str, dict[str, JSON]] = {
        "create_ticket": {"summary": "x"},
        "comment": {"ticket": case.id if case else "", "body": "Seen again."},
        "push_case": {"case": {"id": "1", "title": "Weak", "comment": comment}},
    }
    set_faults(sandbox, **{fault: "after:next:2" if fault == "5xx" else "next:2"}, index_lag="1.5")
    before = len(state.cases)
    await until_done(kibana, action, given[action], mark="mark-0000000002")
    assert len(state.cases) == before + (action != "comment")
    newest = list(state.cases.values())[-1]
    assert len(newest.comments) == (action != "create_ticket")


async def test_a_look_in_vain_waits_for_the_index_before_it_makes_another(
    kibana: Opened, state: KibanaState
) -> None:
    """The process ended behind its create: what it made is not in the index yet."""
    with pytest.raises(TryAgain, match="the search has to catch up") as caught:
        await kibana.run("create_ticket", may_exist=True)
    assert not caught.value.may_have_happened
    assert caught.value.after_seconds == 3.0
    kibana.clock.pass_seconds(3)
    await kibana.run("create_ticket", may_exist=True)
    assert len(state.cases) == 1


async def test_a_second_push_by_hand_waits_too_after_a_lost_answer(
    kibana: Opened, state: KibanaState, sandbox: RunningSandbox
) -> None:
    """Whoever asks again by an API says nothing of the first time; the connector remembers it."""
    set_faults(sandbox, lost_answer="next:1", index_lag="2")
    case: dict[str, JSON] = {"case": {"id": "1", "title": "Weak"}}
    with pytest.raises(TryAgain):
        await kibana.run("push_case", case, mark=MARK)
    with pytest.raises(TryAgain, match="the search has to catch up"):
        await kibana.run("push_case", case, mark=MARK)
    kibana.clock.pass_seconds(3)
    assert (await kibana.run("push_case", case, mark=MARK)).outputs["created"] is False
    assert len(state.cases) == 1


async def test_status_moves_by_its_name_and_is_left_alone_where_it_is_so(
    kibana: Opened, state: KibanaState
) -> None:
    case = await made(kibana, state)
    moved = await kibana.run("transition", {"ticket": case.id, "to": "In Progress"})
    assert (case.values["status"], moved.outputs) == ("in-progress", {"status": "in-progress"})
    again = await kibana.run("transition", {"ticket": case.id, "to": "in-progress"})
    assert again.found
    closing: dict[str, JSON] = {"ticket": case.id, "to": "closed", "comment": "Fixed."}
    await kibana.run("transition", closing)
    assert (case.values["status"], words(case)) == ("closed", ["Fixed."])
    with pytest.raises(GiveUp, match="it has: open, in-progress, closed"):
        await kibana.run("transition", {"ticket": case.id, "to": "Done"})


async def test_update_names_only_what_it_changes(kibana: Opened, state: KibanaState) -> None:
    case = await made(kibana, state, labels=["old"])
    change: dict[str, JSON] = {"ticket": case.id, "labels": ["new"], "priority": "low"}
    await kibana.run("update_ticket", change)
    assert tags(case) == ["new"]
    assert len(case.values["tags"]) == 2  # type: ignore[arg-type]
    version = case.version
    same = await kibana.run("update_ticket", change)
    assert same.found
    assert case.version == version
    with pytest.raises(GiveUp, match="nothing to update"):
        await kibana.run("update_ticket", {"ticket": case.id})


class Racing(Recorder):
    """Somebody else writes between our read and our write, so many times."""

    def __init__(self, state: KibanaState, times: int) -> None:
        super().__init__()
        self.state, self.times = state, times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH" and self.times:
            self.times -= 1
            (case,) = self.state.cases.values()
            case.version = self.state.next_version()
            own = case.values["tags"]
            assert isinstance(own, list)
            case.values["tags"] = [*own, f"theirs-{self.times}"]
        return await super().handle_async_request(request)


async def racing(sandbox: RunningSandbox, clock: Moment, state: KibanaState, times: int) -> Opened:
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/kibana", "space": "default"}
    return open_connector("kibana", Racing(state, times), clock, options)


async def test_conflict_is_read_again_and_what_others_wrote_stays(
    sandbox: RunningSandbox, clock: Moment, state: KibanaState
) -> None:
    kibana = await racing(sandbox, clock, state, 2)
    pushed: dict[str, JSON] = {"case": {"id": "1", "title": "Weak", "tags": ["a"]}}
    await kibana.run("push_case", pushed, mark=MARK)
    (case,) = state.cases.values()
    changed: dict[str, JSON] = {"case": {"id": "1", "title": "Weaker", "tags": ["b"]}}
    await kibana.run("push_case", {**changed, "ticket": case.id}, mark=MARK)
    assert case.values["title"] == "Weaker"
    assert sorted(tags(case)) == ["b", "theirs-0", "theirs-1"]
    await kibana.http.aclose()


async def test_conflict_without_end_is_left_for_later(
    sandbox: RunningSandbox, clock: Moment, state: KibanaState
) -> None:
    kibana = await racing(sandbox, clock, state, 99)
    case = await made(kibana, state)
    with pytest.raises(TryAgain, match="somebody else keeps changing this case"):
        await kibana.run("transition", {"ticket": case.id, "to": "closed"})
    await kibana.http.aclose()


async def test_push_follows_the_case_and_leaves_what_people_wrote(
    kibana: Opened, state: KibanaState
) -> None:
    first: dict[str, JSON] = {
        "id": "1", "title": "Weak", "description": "One.", "tags": ["a", "b"], "severity": "high",
        "comments": [{"id": "k", "comment": "Hello.", "created_by": {"username": "ada"}}],
    }  # fmt: skip
    outcome = await kibana.run("push_case", {"case": first}, mark=MARK)
    case = state.cases[str(outcome.outputs["key"])]
    assert (outcome.outputs["created"], outcome.outputs["comments"]) == (True, ["k"])
    assert case.values["severity"] == "high"
    assert words(case) == ["Hello.\n\n*Added by ada to the case Weak.*"]
    assert str(case.values["description"]).startswith("One.\n\n[scanbridge-case-")
    again = await kibana.run("push_case", {"case": first}, mark=MARK)
    assert again.found
    case.values["title"] = "A person's"
    short: dict[str, JSON] = {"id": "1", "title": "Weak", "tags": ["b"]}
    third = await kibana.run("push_case", {"case": short, "ticket": case.id}, mark=MARK)
    assert set(third.outputs["changed"]) == {"description", "tags"}  # type: ignore[arg-type]
    assert str(case.values["description"]).startswith("One.\n\n")
    assert case.values["title"] == "A person's"
    assert tags(case) == ["b"]
    last: dict[str, JSON] = {**first, "title": "Weaker", "description": "Two."}
    await kibana.run("push_case", {"case": last, "ticket": case.id}, mark=MARK)
    assert case.values["title"] == "Weaker"
    assert str(case.values["description"]).startswith("Two.\n\n")


def said_in(case: Case) -> str:
    """The description and the comments as they are."""
    comments = [str(one.body["comment"]) for one in case.comments]
    return "\n".join([str(case.values["description"]), *comments])


def row(case: Case, number: int, cell: str = "x") -> dict[str, JSON]:
    return {"ticket": case.id, "title": f"Scan {number}", "columns": ["A"], "row": [cell]}


async def test_table_stands_below_the_text_once(kibana: Opened, state: KibanaState) -> None:
    case = await made(kibana, state)
    await kibana.run("append_table", row(case, 1, "a|b\nc"), mark="mark-0000000002")
    again = await kibana.run("append_table", row(case, 1), mark="mark-0000000002", may_exist=True)
    assert again.found
    assert case.values["description"] == (
        "x\n\n[scanbridge-table-mark-0000000002]: #\n\n**Scan 1**\n\n| A |\n| --- |\n| a\\|b c |"
    )


async def test_table_is_appended_to_what_somebody_wrote_meanwhile(
    sandbox: RunningSandbox, clock: Moment, state: KibanaState
) -> None:
    kibana = await racing(sandbox, clock, state, 2)
    case = await made(kibana, state)
    await kibana.run("append_table", row(case, 1), mark="mark-0000000002")
    assert str(case.values["description"]).count("Scan 1") == 1
    assert sorted(tags(case)) == ["theirs-0", "theirs-1"]
    await kibana.http.aclose()


async def test_full_description_moves_its_oldest_tables_into_comments(
    kibana: Opened, state: KibanaState
) -> None:
    pushed: dict[str, JSON] = {"case": {"id": "1", "title": "t", "description": "Words."}}
    key = str((await kibana.run("push_case", pushed, mark=MARK)).outputs["key"])
    case = state.cases[key]
    for number in range(6):
        wide = row(case, number, "y" * 7_000)
        await kibana.run("append_table", wide, mark=f"table-000000000{number}")
    everything = said_in(case)
    assert [everything.count(f"Scan {number}") for number in range(6)] == [1] * 6
    assert len(str(case.values["description"])) <= 30_000
    again = await kibana.run(
        "append_table", row(case, 0, "y" * 7_000), mark="table-0000000000", may_exist=True
    )
    assert again.found
    longer: dict[str, JSON] = {"id": "1", "title": "t", "description": "z" * 20_000}
    await kibana.run("push_case", {"case": longer, "ticket": key}, mark=MARK)
    everything = said_in(case)
    assert [everything.count(f"Scan {number}") for number in range(6)] == [1] * 6
    assert str(case.values["description"]).startswith("zzz")


@pytest.mark.parametrize(
    ("to", "reason", "status", "kept"),
    [
        ("closed", "False positive", "closed", "false_positive"),
        ("in progress", "", "acknowledged", ""),
        ("resolved", "tolerable risk", "closed", ""),
        ("open", "", "open", ""),
    ],
)
async def test_detection_alert_is_set(
    to: str, reason: str, status: str, kept: str, kibana: Opened, state: KibanaState
) -> None:
    alert = f"{1:064x}"
    parameters: dict[str, JSON] = {"alert": alert, "state": to, "reason": reason, "comment": "x"}
    outcome = await kibana.run("update_alert", parameters)
    assert outcome.outputs == {"state": status}
    assert (state.alerts[alert], state.reasons[alert]) == (status, kept)
    assert state.alerts[f"{2:064x}"] == "open"
    assert any("the comment was left out" in one for one in outcome.lost)
    assert ("the reason was left out" in str(outcome.lost)) == bool(reason and not kept)


@pytest.mark.parametrize(
    ("alert", "to", "said"),
    [
        ("f" * 64, "open", "has no alert"),
        ("rule/alert", "open", "is no detection alert"),
        (f"{1:064x}", "odd", "no state 'odd'"),
    ],
)
async def test_alert_that_cannot_be_meant_gives_up(
    alert: str, to: str, said: str, kibana: Opened
) -> None:
    with pytest.raises(GiveUp, match=said):
        await kibana.run("update_alert", {"alert": alert, "state": to})


async def test_check_of_a_sound_integration_finds_nothing_wrong(kibana: Opened) -> None:
    findings = await kibana.connector.check(kibana.client)
    assert [(one.what, one.ok) for one in findings] == [("credentials", True), ("site", True)]
    assert "Kibana 9.2.1" in findings[1].message


async def test_check_says_what_to_do_about_a_missing_role(remote: Remote, clock: Moment) -> None:
    remote.answer = lambda _: httpx.Response(403, json={"message": "Unauthorized to find cases"})
    kibana = open_connector("kibana", httpx.MockTransport(remote), clock)
    (finding,) = await kibana.connector.check(kibana.client)
    assert "Unauthorized to find cases" in finding.message
    assert "Cases" in finding.hint


@pytest.mark.parametrize(
    ("action", "parameters", "words"),
    [
        ("create_ticket", {"summary": "x", "priority": "soon"}, "no severity 'soon'"),
        ("create_ticket", {"summary": "x", "assignee": "ada"}, "the id of a user profile"),
        ("create_ticket", {"summary": "x", "description": "x", "format": "adf"}, "no ADF document"),
        ("comment", {"ticket": "nope", "body": "x"}, "404"),
    ],
)
async def test_what_kibana_cannot_take_is_refused_in_words(
    action: str, parameters: dict[str, JSON], words: str, kibana: Opened
) -> None:
    with pytest.raises(GiveUp, match=words):
        await kibana.run(action, parameters)


async def test_every_request_is_one_that_kibana_describes(
    kibana: Opened, state: KibanaState
) -> None:
    api = openapi("kibana.json")
    case = await made(kibana, state, labels=["a"], priority="high", assignee="u_1", issue_type="c")
    await kibana.run(
        "update_ticket",
        {"ticket": case.id, "summary": "s", "description": "d", "labels": ["b"], "assignee": ""},
    )
    looks: dict[str, dict[str, JSON] | None] = {"create_ticket": None}
    looks["comment"] = {"ticket": case.id, "body": "b"}
    for action, parameters in looks.items():
        with pytest.raises(TryAgain):
            await kibana.run(action, parameters, may_exist=True, mark="mark-0000000003")
    await kibana.run("transition", {"ticket": case.id, "to": "closed", "comment": "c"})
    pushed: dict[str, JSON] = {
        "case": {"id": "1", "title": "t", "comment": {"id": "1", "body": "b"}}
    }
    await kibana.run("push_case", pushed, mark="mark-0000000004")
    await kibana.run("append_table", row(case, 1))
    await kibana.connector.check(kibana.client)
    recorder = kibana.http._transport
    assert isinstance(recorder, Recorder)
    space = kibana.client.settings.space
    behind = "/kibana" + ("" if space == "default" else f"/s/{space}")
    assert len(check_requests(api, recorder.requests, behind)) >= 8


async def test_own_account_is_known_anew_by_a_comment_that_carries_our_mark(
    kibana: Opened, state: KibanaState
) -> None:
    """After a restart: no public call tells whose an API key is."""
    case = await made(kibana, state)
    await kibana.run("update_ticket", {"ticket": case.id, "priority": "High"})
    kibana.client.own = ""
    mirror = kibana.connector.mirrors["case"]
    assert (await mirror(kibana.client, case.id, True)).fields["priority"].ours is None
    await kibana.run("comment", {"ticket": case.id, "body": "Seen again."})
    assert (await mirror(kibana.client, case.id, True)).fields["priority"].ours is True


async def test_own_account_is_the_one_that_signs_in(sandbox: RunningSandbox, clock: Moment) -> None:
    auth: JSON = {"username": "svc-bridge", "password": "made-up"}
    options: dict[str, JSON] = {"base_url": f"{sandbox.base_url}/kibana", "auth": auth}
    assert open_connector("kibana", Recorder(), clock, options).client.own == "svc-bridge"
