"""A case that Kibana pushes goes the whole route: taken, matched, recorded, and told again."""

from __future__ import annotations

import time

import httpx

from tests.route.conftest import Installation

CONFIGURATION = """
server: {port: 0}
sources:
  - {name: kibana, preset: kibana-cases, secrets: ["elastic:made-up"]}
"""
RULES = """
version: 1
rules:
  - name: tell
    on: case.*
    then:
      - log: {message: "${{ event.type }} ${{ data.id }}"}
"""


def test_case_survives_a_restart_and_is_told_from_its_record(installation: Installation) -> None:
    (installation.folder / "bridge.yaml").write_text(CONFIGURATION, "utf-8")
    (installation.folder / "rules" / "one.yaml").write_text(RULES, "utf-8")
    server = installation.serve()
    cases = f"{server.address}/case-webhook/kibana/cases"
    with httpx.Client(auth=("elastic", "made-up")) as kibana:
        created = kibana.post(cases, json={"fields": {"summary": "Many logins"}})
        assert created.status_code == 201
        case_id = created.json()["id"]
        assert kibana.get(f"{cases}/{case_id}").json()["title"] == "Many logins"
        kibana.put(f"{cases}/{case_id}", json={"fields": {"summary": "Two hosts"}})
        kibana.put(f"{cases}/{case_id}/comment", json={"body": "Blocked."})
        until_done(server.address, 3)
        assert server.stop() == 0
        again = installation.serve()
        got = kibana.get(f"{again.address}/case-webhook/kibana/cases/{case_id}")
    assert (got.status_code, got.json()["title"]) == (200, "Two hosts")
    assert got.json()["created_at"] == created.json()["created_at"]


def until_done(address: str, actions: int) -> None:
    """Waits for the worker, which is a part of another process."""
    wanted = 'bridge_attempts_total{action="log",outcome="done"} ' + f"{actions}.0"
    deadline = time.monotonic() + 20
    while wanted not in (told := httpx.get(f"{address}/metrics").text):
        assert time.monotonic() < deadline, told
