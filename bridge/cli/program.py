"""The list of commands, and how the program ends."""

from __future__ import annotations

from typing import Any

import rich_click as click
from click.exceptions import Exit

from bridge import __version__
from bridge.cli.lazy import LazyGroup

COMMANDS = {
    "serve": ("bridge.cli.serve:serve", "Receive webhooks and act on them."),
    "worker": ("bridge.cli.worker:worker", "Act on what is stored; listens on no port."),
    "demo": ("bridge.cli.demo:demo", "Send signed samples through a bridge and a sandbox."),
    "sandbox": (
        "bridge.cli.sandbox:sandbox",
        "Serve stand-ins for Jira and the other systems the bridge calls.",
    ),
    "init": (
        "bridge.cli.init:init",
        "Write a commented configuration, one rule and keys into a folder.",
    ),
    "check": ("bridge.cli.check:check", "Check the configuration and the rules."),
    "doctor": (
        "bridge.cli.doctor:doctor",
        "Reach every integration, and look at the store, the disk, the keys and the clock.",
    ),
    "integrations": (
        "bridge.cli.integrations:integrations",
        "List the systems that are called, and test whether they let us.",
    ),
    "rules": ("bridge.cli.rules:rules", "Check, list, explain, test and back-test rules."),
    "events": ("bridge.cli.events:events", "List, show, replay and follow events."),
    "sources": (
        "bridge.cli.sources:sources",
        "List the senders, and when each secret was last used.",
    ),
    "jira": (
        "bridge.cli.jira:jira",
        "Register webhooks with Jira, list, refresh and remove them.",
    ),
    "sync": (
        "bridge.cli.sync:sync",
        "List and decide conflicts between systems that are kept alike.",
    ),
    "reconcile": (
        "bridge.cli.reconcile:reconcile",
        "Look at all linked pairs of the sync rules, and heal what is different.",
    ),
    "keys": ("bridge.cli.keys:keys", "Make, list and revoke API keys."),
    "quarantine": (
        "bridge.cli.quarantine:quarantine",
        "List, verify again and discard refused deliveries.",
    ),
    "vault": ("bridge.cli.vault:vault", "Change the keys that seal what is kept secret."),
    "send": ("bridge.cli.send:send", "Sign a body as its sender would, and post it."),
    "migrate": ("bridge.cli.migrate:migrate", "Bring the store to the present schema."),
}


class Program(LazyGroup):
    """The top of the program: what a command raises becomes lines on stderr and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, Exit, click.Abort, BrokenPipeError):
            # The last: whoever read the output (`head`) has seen enough. Click ends it quietly.
            raise
        except Exception as error:  # noqa: BLE001 - the edge of the program: told, never swallowed
            from bridge.cli.failure import report
            from bridge.cli.options import is_verbose

            report(error, verbose=is_verbose(ctx))
            ctx.exit(1)


@click.group(cls=Program, places=COMMANDS, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="bridge")
def program() -> None:
    """A self-hosted event bridge: signed webhooks in, YAML rules, tickets out."""


def main() -> None:
    """Run the program and end the process with its exit code."""
    program(prog_name="bridge")
