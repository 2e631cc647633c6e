"""`bridge send` signs as the sender does; `bridge init` writes a folder that works."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from openapi_schema_validator import OAS31Validator

from bridge.clock import wall_clock
from bridge.configuration import load_settings
from bridge.configured import find_source
from bridge.document import load
from bridge.errors import ProofRefused
from bridge.event import Delivery
from tests.cli.conftest import SAMPLES, Run


class Listener(HTTPServer):
    """A receiver that keeps what it got and answers 202, or what it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Keeper)
        self.got: list[Delivery] = []
        self.status = 202

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hooks/qtangl"


class Keeper(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        self.server.got.append(Delivery("POST", headers, body, (), None, wall_clock()))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b'{"status": "accepted"}')

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing on stderr."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_sample_is_signed_anew_so_that_its_source_accepts_it(
    run: Run, folder: Path, listener: Listener
) -> None:
    sample = SAMPLES / "qtangl" / "scan-complete"
    done = run("send", str(sample), "--source", "qtangl", "--url", listener.url)
    assert done.exit_code == 0
    assert done.stdout == '{"status": "accepted"}\n'
    assert done.stderr == "202 Accepted\n"
    (delivery,) = listener.got
    assert delivery.body == (sample / "body.json").read_bytes()
    source = find_source(load_settings(folder / "bridge.yaml", {}), "default", "qtangl")
    assert source.verify(delivery, wall_clock())


def test_body_is_signed_with_the_secret_that_is_given(
    run: Run, folder: Path, listener: Listener
) -> None:
    (folder / "body.json").write_text('{"event": "scan.complete"}', encoding="utf-8")
    words = ("send", "--body", "body.json", "--source", "qtangl", "--url", listener.url)
    assert run(*words, "--secret", "made-up-other").exit_code == 0
    source = find_source(load_settings(folder / "bridge.yaml", {}), "default", "qtangl")
    with pytest.raises(ProofRefused):
        source.verify(listener.got[0], wall_clock())


def test_refusal_is_a_failure_with_its_answer(run: Run, listener: Listener) -> None:
    listener.status = 401
    sample = str(SAMPLES / "qtangl" / "scan-clean")
    done = run("send", sample, "--source", "qtangl", "--url", listener.url, "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["status"], told["answer"]) == (401, {"status": "accepted"})


def test_bridge_that_does_not_answer_is_a_failure(run: Run) -> None:
    sample = str(SAMPLES / "qtangl" / "scan-clean")
    done = run("send", sample, "--source", "qtangl", "--url", "http://127.0.0.1:1/hooks/qtangl")
    assert done.exit_code == 1
    assert "no answer from http://127.0.0.1:1/hooks/qtangl" in done.stderr


def test_unknown_source_is_named_with_what_was_meant(run: Run) -> None:
    done = run("send", str(SAMPLES / "qtangl" / "scan-clean"), "--source", "qtangel")
    assert done.exit_code == 1
    assert 'did you mean "qtangl"?' in done.stderr


def test_secret_never_shows(run: Run) -> None:
    done = run("send", str(SAMPLES / "qtangl" / "scan-clean"), "--source", "qtangl", "--verbose")
    assert "made-up-qtangl" not in done.stdout + done.stderr


def test_folder_that_init_wrote_passes_check(run: Run, folder: Path) -> None:
    done = run("init", "new")
    assert done.exit_code == 0
    environ = dict(
        line.split("=", 1)
        for line in (folder / "new" / "secrets.env").read_text().splitlines()
        if "=" in line
    )
    checked = run("check", "--config", "new/bridge.yaml", environ=environ)
    assert checked.exit_code == 0, checked.stderr
    assert checked.stderr == ""
    assert "1 source, 0 integrations, 1 rule" in checked.stdout


def test_editors_find_the_schema_that_init_wrote_and_it_accepts_the_rule(
    run: Run, folder: Path
) -> None:
    run("init", "new")
    rules = folder / "new" / "rules"
    text = (rules / "first.yaml").read_text(encoding="utf-8")
    found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert found
    schema = json.loads((rules / found[1]).read_text(encoding="utf-8"))
    value = load(text, "first.yaml").value
    assert [error.message for error in OAS31Validator(schema).iter_errors(value)] == []
    assert schema["$defs"]["RuleEntry"]["properties"]["source"]["examples"] == ["scanner"]
    again = run("rules", "schema", "--config", "new/bridge.yaml", environ=secrets_of(folder))
    assert json.loads(again.stdout) == schema


def secrets_of(folder: Path) -> dict[str, str]:
    lines = (folder / "new" / "secrets.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_secrets_that_init_made_are_readable_by_their_owner_only(run: Run, folder: Path) -> None:
    run("init", "one")
    run("init", "two")
    first, second = (folder / name / "secrets.env" for name in ("one", "two"))
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert first.read_text() != second.read_text()


def test_init_overwrites_nothing(run: Run, folder: Path) -> None:
    before = (folder / "bridge.yaml").read_text()
    done = run("init", ".")
    assert done.exit_code == 1
    assert "nothing was written" in done.stderr
    assert (folder / "bridge.yaml").read_text() == before
    assert not (folder / "secrets.env").exists()


def test_configuration_without_the_secrets_says_which_are_missing(run: Run) -> None:
    run("init", "new")
    done = run("check", "--config", "new/bridge.yaml")
    assert done.exit_code == 1
    assert "the environment variable BRIDGE_KEY is not set" in done.stderr
    assert "the environment variable SCANNER_SECRET is not set" in done.stderr
