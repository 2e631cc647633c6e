"""A delivery with a secret the bridge does not know yet: refused, kept, mended, acted on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.configuration import load_settings
from bridge.configured import open_vault
from bridge.front import make_quarantine
from bridge.settings import Settings
from bridge.verify.signature import Algorithm, hmac_digest
from tests.route.conftest import SECRET, Installation, github

MENDED = "made-up-and-mended"
BODY = b'{"action": "created", "alert": {"number": 7}}'


def bridge(folder: Path, *words: str) -> Any:
    """The result of a command in a process of its own, with the mended secret configured."""
    environ = {**os.environ, "BRIDGE_SOURCES_GITHUB_SECRETS": f"{SECRET},{MENDED}"}
    done = subprocess.run(
        [sys.executable, "-m", "bridge", *words, "--json", "--config", folder / "bridge.yaml"],
        env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def until(folder: Path, *words: str, holds: Any) -> Any:
    """Asks again until the answer is as it should be."""
    ends_at = time.monotonic() + 20
    while not holds(found := bridge(folder, *words)):
        assert time.monotonic() < ends_at, found
    return found


def test_kept_delivery_is_verified_while_the_server_runs_and_meets_the_rules(
    installation: Installation,
) -> None:
    server = installation.serve()
    signature = hmac_digest(BODY, MENDED.encode(), Algorithm.SHA256).hex()
    headers = {
        **github(BODY, kind="code_scanning_alert"),
        "x-hub-signature-256": f"sha256={signature}",
    }
    answer = httpx.post(f"{server.address}/hooks/github", content=BODY, headers=headers)
    assert answer.status_code == 401

    folder = installation.folder
    until(folder, "quarantine", "list", holds=lambda told: told["deliveries"])
    (verified,) = bridge(folder, "quarantine", "verify", "--source", "github")
    assert verified["outcome"] == "accepted"

    def matched(told: Any) -> bool:
        return [(one["id"], one["state"]) for one in told] == [(verified["events"][0], "ignored")]

    until(folder, "events", "list", holds=matched)
    assert server.post(BODY).status_code == 202  # the old secret is good all the time

    def used(told: Any) -> bool:
        return [secret["times"] for secret in told[0]["secrets"]] == [1, 0]

    until(folder, "sources", "list", holds=used)
    assert server.stop() == 0


def test_what_was_refused_just_before_the_end_is_kept(installation: Installation) -> None:
    server = installation.serve()
    assert httpx.post(f"{server.address}/hooks/github", content=BODY).status_code == 401
    assert httpx.post(f"{server.address}/hooks/github", content=BODY).status_code == 401
    server.stop()
    assert len(bridge(installation.folder, "quarantine", "list")["deliveries"]) == 2


@pytest.mark.parametrize("bound", ["quarantine_per_source", "quarantine_bytes"])
def test_bound_of_nothing_keeps_nothing(installation: Installation, bound: str) -> None:
    file = installation.folder / "bridge.yaml"
    file.write_text(f"{file.read_text('utf-8')}limits: {{{bound}: 0}}\n", "utf-8")
    settings = load_settings(file, {})
    assert make_quarantine(settings, open_vault(settings)) is None


def test_postgresql_without_keys_starts_all_the_same_and_keeps_none() -> None:
    settings = Settings.model_validate({"store": {"url": "postgresql://nobody@localhost/none"}})
    assert open_vault(settings) is None
    assert make_quarantine(settings, None) is None
