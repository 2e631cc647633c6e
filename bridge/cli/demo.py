"""`bridge demo`: signed samples through a real bridge and a sandbox, and what came of them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import rich_click as click

from bridge.cli.options import option, with_json, with_verbose
from bridge.cli.output import plain, put, put_json, say
from bridge.demo.run import running_demo
from bridge.demo.shown import Shown
from bridge.event import JSON


@click.command()
@option("--once", of="demo", is_flag=True, help="End when everything was shown.")
@with_json
@with_verbose
@click.pass_context
def demo(ctx: click.Context, once: bool, as_json: bool) -> None:
    """Send signed samples through a bridge and a sandbox, and print what happened.

    Ends at Ctrl-C. With --once it ends by itself: with 0 only when every sample did what its rule
    says, else with 1. Nothing of it is kept.
    """
    with (
        tempfile.TemporaryDirectory(prefix="bridge-demo-") as folder,
        contextlib.suppress(KeyboardInterrupt),
        _ended_by_sigterm(),
    ):
        if not asyncio.run(_demo(Path(folder), once=once, as_json=as_json)):
            ctx.exit(1)


async def _demo(folder: Path, *, once: bool, as_json: bool) -> bool:
    """True when everything was as it should be."""
    results: list[Shown] = []

    def shown(result: Shown) -> None:
        results.append(result)
        if not as_json:
            _put_result(result)

    say("starting a sandbox and a bridge, each a process of its own …")
    async with running_demo(folder, any_port=once) as running:
        good = await running.play(shown)
        webhooks = await running.webhooks_of_jira()
        world = running.world
        if as_json:
            put_json(
                {
                    "ok": good,
                    "dashboard": f"{world.bridge_url}/",
                    "key": running.key,
                    "sandbox": f"{world.sandbox_url}/",
                    "samples": [{"ok": one.ok, **_json(one)} for one in results],
                    "webhooks_of_jira": dict(webhooks.items()),
                }
            )
        else:
            told = ", ".join(f"{count} {state}" for state, count in webhooks.items())
            put("")
            put(f"Jira's own webhooks that came back: {told or 'none'}")
            put(f"the bridge   {world.bridge_url}/   (sign in with {running.key})")
            put(f"the sandbox  {world.sandbox_url}/   (nothing in it is real)")
        done = sum(result.ok for result in results)
        say(f"{done} of {len(results)} did what their rules say")
        if not once:
            say(f"try: bridge events list --config {running.configuration}")
            say("Ctrl-C ends it.")
            await asyncio.Event().wait()
    return good


def _put_result(result: Shown) -> None:
    answer = f"{result.status} " if result.status else ""
    put("")
    put(f"{'✓' if result.ok else '✗'} {result.title}: {plain(result.told)}")
    if result.event:
        put(f"    {answer}{result.event}  {result.type}  {result.state}")
    elif answer:
        put(f"    {answer.strip()}")
    for one in result.actions:
        where = f"  {one.ticket}  {one.url}" if one.ticket else ""
        said = f"  ({plain(one.reason)})" if one.reason else ""
        put(f"    {one.rule}  →  {one.action}  {one.state}{where}{said}")
    for words in result.missing:
        put(f"    expected: {plain(words)}")


def _json(result: Shown) -> dict[str, JSON]:
    told = asdict(result)
    return {**told, "actions": list(told["actions"]), "missing": list(told["missing"])}


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does, so that the two processes are stopped."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
