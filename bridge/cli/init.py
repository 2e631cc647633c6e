"""`bridge init`: a folder to start from, with a configuration, one rule, and keys of its own."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import rich_click as click

from bridge.cli.options import with_verbose
from bridge.cli.output import put, say
from bridge.connectors.catalogue import action_shapes
from bridge.errors import BridgeError
from bridge.keyring import new_key
from bridge.match.schema import Known, rule_schema
from bridge.vocabulary import VOCABULARY

CONFIGURATION = """\
# The configuration of a bridge. Every key is explained in docs/configuration.md;
# `bridge check` says what is wrong with this file, with line and column.
# ${NAME} reads the environment. The secrets are in `secrets.env`, beside this file:
#   set -a; . ./secrets.env; set +a; bridge serve

server:
  host: 127.0.0.1
  port: 8080
  # public_url: https://bridge.example.com    # how senders reach the bridge, for links

store:
  url: sqlite:///var/bridge.db                # or postgresql://user@host/db

rules:
  path: rules
  reload: true                                # take up changed rules while running

encryption:
  keys: ["${BRIDGE_KEY}"]                     # newest first; the first one seals

# Who may send. Each is reached at /hooks/NAME. Several secrets are a rotation: all are accepted.
sources:
  - {name: scanner, preset: generic-hmac, secrets: ["${SCANNER_SECRET}"]}
  # - {name: github, preset: github, secrets: ["${GITHUB_SECRET}"]}
  # - {name: jira, preset: jira-cloud, secrets: ["${JIRA_WEBHOOK_SECRET}"], integration: jira}

# Whom the bridge calls.
integrations: []
#  - name: jira
#    type: jira
#    base_url: https://your-site.atlassian.net
#    auth: {email: you@example.com, api_token: "${JIRA_TOKEN}"}
#    project: SEC

log:
  format: console                             # json for a log collector
"""

SCHEMA_FILE = "rules.schema.json"

RULE = """\
# yaml-language-server: $schema=rules.schema.json
# One rule: when a scan finishes, write a line to the log for each bad finding.
# `bridge rules check` checks this file; `bridge rules explain` says why a rule matched or not.
# The line at the top lets editors complete and check it while you write; after an upgrade:
#   bridge rules schema > rules/rules.schema.json
version: 1
vars:
  bad: [high, critical]
rules:
  - name: log-bad-findings
    on: scan.finished
    each: data.findings.filter(f, f.severity in vars.bad)
    then:
      - log:
          message: "[${{ each.severity }}] ${{ each.title }} on ${{ data.target }}"
          level: warning
"""

SECRETS = """\
# Made by `bridge init`; readable by its owner only. Keep it out of version control.
BRIDGE_KEY={key}
SCANNER_SECRET={secret}
"""

IGNORED = "secrets.env\nvar/\n"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@with_verbose
def init(folder: Path) -> None:
    """Write a commented configuration, one rule and keys into a folder.

    Nothing that is there already is overwritten.
    """
    secret = secrets.token_urlsafe(32)
    files = {
        folder / "bridge.yaml": (CONFIGURATION, 0o644),
        folder / "rules" / "first.yaml": (RULE, 0o644),
        folder / "rules" / SCHEMA_FILE: (_schema(), 0o644),
        folder / "secrets.env": (SECRETS.format(key=new_key(), secret=secret), 0o600),
        folder / ".gitignore": (IGNORED, 0o644),
    }
    taken = [str(file) for file in files if file.exists()]
    if taken:
        raise BridgeError(f"nothing was written, because there is already {', '.join(taken)}")
    for file, (text, mode) in files.items():
        _write(file, text, mode)
        put(str(file))
    say(f"next: cd {folder}; set -a; . ./secrets.env; set +a; bridge check && bridge serve")


def _schema() -> str:
    known = Known(tuple(VOCABULARY), ("scanner",))
    return json.dumps(rule_schema(action_shapes(), known), indent=2, ensure_ascii=False) + "\n"


def _write(file: Path, text: str, mode: int) -> None:
    """A new file with exactly this mode; one that appeared meanwhile is not touched."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
