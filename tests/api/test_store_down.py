"""What callers are told while the store does not answer: 503, in their document's shape."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.api.conftest import World
from tests.api.test_remediation import PUSH

PATHS = (PUSH, "/api/v2/tickets", "/api/jira/push", "/api/cases/c/connector/jira/_push")


async def test_store_that_does_not_answer_is_503_for_every_document(
    world: World, tmp_path: Path
) -> None:
    headers = {"x-api-key": world.keys["default/operator"], "kbn-xsrf": "true"}
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as other:
        other.execute("ALTER TABLE keys RENAME TO away")
    for path in PATHS:
        body = {"remediationId": "x"} if path == PUSH else {}
        answer = await world.client.post(path, json=body, headers=headers)
        assert answer.status_code == 503, (path, answer.text)
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["requestId"] == answer.headers["x-request-id"]
        assert "bridge.db" not in answer.text
        assert "event" not in answer.text
        assert "the store does not answer" in answer.text, answer.text
