"""`bridge sandbox`: stand-ins for the systems the bridge calls, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib

import rich_click as click

from bridge.cli.options import option, with_json, with_verbose
from bridge.cli.output import put, put_json
from bridge.sandbox.app import Sandbox, SandboxOptions
from bridge.sandbox.faults import NAMES, BadFault, Faults, read_faults
from bridge.sandbox.serve import serve_sandbox
from bridge.sandbox.webhooks import Target

PORT = 8090
LATENCY_MS = 40
"""About what the quickest answers of a service over the internet take; arbitrary. What is measured
against systems that answer at once says nothing of real ones."""


@click.command()
@option("--host", of="sandbox", default="127.0.0.1", show_default=True, help="Where to listen.")
@option(
    "--port", of="sandbox", type=click.IntRange(0, 65535), default=PORT, show_default=True,
    help="The port; 0 takes any free one.",
)  # fmt: skip
@option(
    "--seed", of="sandbox", type=int, default=1, show_default=True,
    help="Of everything random, so that a run can be repeated.",
)  # fmt: skip
@option(
    "--fault", "faults", of="sandbox", multiple=True, metavar="NAME=VALUE",
    help=f"How it shall misbehave; may be given several times. NAME is one of {', '.join(NAMES)}.",
)  # fmt: skip
@option(
    "--latency", of="sandbox", type=click.IntRange(0, 60_000), default=LATENCY_MS,
    show_default=True, metavar="MILLISECONDS",
    help="How long an answer takes; those of real systems take longer still. 0: at once.",
)  # fmt: skip
@option("--webhook", of="sandbox", metavar="URL", help="Where its Jira reports changes to.")
@option("--webhook-secret", of="sandbox", metavar="TEXT", help="What it signs them with.")
@with_json
@with_verbose
def sandbox(
    as_json: bool,
    host: str,
    port: int,
    seed: int,
    faults: tuple[str, ...],
    latency: int,
    webhook: str | None,
    webhook_secret: str | None,
) -> None:
    """Serve stand-ins for Jira and the other systems the bridge calls, on this machine only."""
    targets = (Target(webhook, webhook_secret or ""),) if webhook else ()
    options = SandboxOptions(
        seed=seed, faults=_faults(faults), webhooks=targets, answer_seconds=latency / 1000
    )

    def started(address: str, app: Sandbox) -> None:
        others = {name: one.kind.title for name, one in app.neighbours.items()}
        if as_json:
            sites = {"jira": f"{address}/jira", "jira_dc": f"{address}/jira-dc"}
            sites |= {name: f"{address}/{name}" for name in others}
            put_json({"url": address, **sites})
            return
        put(f"the sandbox answers at {address} (nothing in it is real, and nothing is kept)")
        put(f"  Jira Cloud        {address}/jira")
        put(f"  Jira Data Center  {address}/jira-dc")
        for name, title in others.items():
            put(f"  {title:<17} {address}/{name}")

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_sandbox(host, port, options, started=started))


def _faults(written: tuple[str, ...]) -> Faults:
    values = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not equals:
            raise click.UsageError(f"--fault {each}: write NAME=VALUE")
        values[name] = value
    try:
        return read_faults(values)
    except BadFault as error:
        raise click.UsageError(f"--fault {error}") from error
