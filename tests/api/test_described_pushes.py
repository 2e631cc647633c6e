"""What pushes of jobs and cases send satisfies the vendors' own descriptions of their APIs.

Judged is what the sandbox received, byte for byte.
"""

from __future__ import annotations

import pytest

from tests.api.conftest import World
from tests.api.test_cases import note, pushed, tell
from tests.api.test_described_requests import as_described, kind_of, sent
from tests.api.test_progress import put_job
from tests.connectors.conftest import set_faults
from tests.connectors.described import HOST, openapi
from tests.connectors.test_jira_openapi import NOT_DESCRIBED, description

NOTE = {"id": "n-1", "stepName": "Cut", "serials": ["S-1"], "text": "Burr on the *edge*"}
KIBANA = """\
  - name: kibana
    type: kibana
    base_url: "{base}/kibana"
    auth: {{api_key: made-up}}
"""
ISSUE = "/rest/api/2/issue/{}"


@pytest.fixture
def more_integrations() -> str:
    return KIBANA


def check_jira(world: World) -> set[tuple[str, str]]:
    """Every request that Jira received; gives the kinds of calls."""
    api = description("jira-cloud-v2.json", HOST)
    seen = set()
    for entry in sent(world, "jira"):
        call = (entry.method, entry.path.removeprefix("/jira"))
        if call not in NOT_DESCRIBED:
            api.validate_request(as_described(entry, "/jira"))
            seen.add((entry.method, "/".join(kind_of(one) for one in call[1].split("/"))))
    return seen


async def test_pushes_of_a_job_send_what_jira_describes(world: World) -> None:
    await put_job(world, notes=[NOTE])
    for fault in ({}, {"lost_answer": "next:1"}):
        set_faults(world.sandbox, **fault)
        for path, body in (
            ("/api/jira/push", {"jobId": "job_abc123"}),
            ("/api/jira/comment", {"jobId": "job_abc123"}),
            ("/api/jira/comment", {"jobId": "job_abc123", "noteId": "n-1"}),
        ):
            answer = await world.ask("POST", path, "operator", json=body)
            assert answer.json() == {"success": True}
    assert check_jira(world) >= {("GET", ISSUE), ("PUT", ISSUE), ("POST", f"{ISSUE}/comment")}


async def test_a_push_of_a_case_sends_what_jira_describes(world: World) -> None:
    await tell(world, comments=[note(1)])
    set_faults(world.sandbox, lost_answer="next:2")
    await pushed(world)
    set_faults(world.sandbox)
    await tell(world, "updated", title="Case title 2", tags=["other"], comments=[note(2)])
    await pushed(world)
    assert check_jira(world) >= {
        ("POST", "/rest/api/2/issue"),
        ("PUT", ISSUE),
        ("POST", f"{ISSUE}/comment"),
    }


async def test_a_push_of_a_case_sends_what_kibana_describes(world: World) -> None:
    api = openapi("kibana.json")
    await tell(world, comments=[note(1)])
    set_faults(world.sandbox, lost_answer="next:2")
    await pushed(world, connector="kibana")
    set_faults(world.sandbox)
    await tell(world, "updated", title="Case title 2", tags=["other"], comments=[note(2)])
    await pushed(world, connector="kibana")
    methods = set()
    for entry in sent(world, "kibana"):
        api.validate_request(as_described(entry, "/kibana"))
        assert entry.method == "GET" or dict(entry.headers)[b"kbn-xsrf"]
        methods.add(entry.method)
    assert methods == {"GET", "POST", "PATCH"}
