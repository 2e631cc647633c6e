"""`bridge send`: a body, signed as its sender would sign it, posted to a bridge."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode

import httpx
import rich_click as click

from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import plain, put, put_json, say
from bridge.clock import wall_clock
from bridge.configured import find_source
from bridge.errors import BridgeError
from bridge.event import JSON
from bridge.settings import Settings
from bridge.sources.sample import load_sample
from bridge.sources.sign import SignedRequest, renew_time, sign
from bridge.sources.source import Source
from bridge.verify.secret import UnusableSecret

NOT_CARRIED = ("host", "content-length", "connection", "transfer-encoding", "accept-encoding")
"""Headers of a recorded request that belong to its connection."""
TIMEOUT_SECONDS = 35.0
"""A little more than a bridge gives a body, so that its own answer is seen."""


@click.command()
@click.argument("sample", required=False, type=click.Path(path_type=Path, exists=True))
@option("--body", of="send", type=click.Path(path_type=Path, exists=True), help="A body of JSON.")
@option("--source", "name", of="send", required=True, help="The source that shall have sent it.")
@option("--tenant", of="send", default="default", show_default=True, help="The source's tenant.")
@option("--url", of="send", help="Where to. Without it: the source's address on this bridge.")
@option("--secret", of="send", help="What to sign with. Without it: the source's first secret.")
@option(
    "--timeout",
    of="send",
    type=float,
    default=TIMEOUT_SECONDS,
    show_default=True,
    help="Seconds to wait for an answer.",
)
@with_config
@with_json
@with_verbose
@click.pass_context
def send(
    ctx: click.Context,
    config: Path,
    as_json: bool,
    sample: Path | None,
    body: Path | None,
    name: str,
    tenant: str,
    url: str | None,
    secret: str | None,
    timeout: float,
) -> None:
    """Sign a body as its sender would, and post it.

    SAMPLE is the folder of a recorded request; or give a file with --body. It is signed anew, with
    the present time, the way the source's preset says.
    """
    if (sample is None) == (body is None):
        raise click.UsageError("give the folder of a sample, or --body FILE")
    settings = settings_of(config)
    source = find_source(settings, tenant, name)
    headers, content = _content(sample, body)
    content = renew_time(source.proofs, content, wall_clock())
    signed = _sign(source, content, secret, headers)
    address = _address(url or hook_url(settings, source), signed)
    answer = _post(address, content, signed, timeout)
    if as_json:
        told = {"status": answer.status_code, "answer": _told(answer.text), "url": address}
        put_json(told)
    else:
        say(f"{answer.status_code} {answer.reason_phrase}")
        put(plain(answer.text))
    if not answer.is_success:
        ctx.exit(1)


def _told(text: str) -> JSON:
    """The answer as JSON where it is, else its text."""
    try:
        told: JSON = json.loads(text)
    except ValueError:
        return text
    return told


def hook_url(settings: Settings, source: Source) -> str:
    """Where the source's deliveries go on this machine."""
    prefix = "" if source.tenant == "default" else f"/t/{source.tenant}"
    host, port = settings.server.host, settings.server.port
    here = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - to be replaced
    return f"http://{here}:{port}{prefix}/hooks/{source.name}"


def _content(sample: Path | None, body: Path | None) -> tuple[tuple[tuple[str, str], ...], bytes]:
    if sample is not None:
        recorded = load_sample(sample)
        kept = [(key, value) for key, value in recorded.headers if key not in NOT_CARRIED]
        return tuple(kept), recorded.body
    assert body is not None
    return (("content-type", "application/json"),), body.read_bytes()


def _sign(
    source: Source, body: bytes, secret: str | None, headers: tuple[tuple[str, str], ...]
) -> SignedRequest:
    secrets = source.settings.secrets
    chosen = secret or (secrets[0].get_secret_value() if secrets else "")
    if not chosen:
        if source.settings.proof == "none":
            return SignedRequest(headers)
        raise BridgeError(f'the source "{source.name}" has no secret; give one with --secret')
    try:
        return sign(source.proofs, body, chosen, wall_clock(), headers)
    except UnusableSecret as error:
        raise BridgeError("the body cannot be signed") from error


def _address(url: str, signed: SignedRequest) -> str:
    address = f"{url.rstrip('/')}/{signed.path_token}" if signed.path_token else url
    if signed.query:
        address += ("&" if "?" in address else "?") + urlencode(signed.query)
    return address


def _post(url: str, body: bytes, signed: SignedRequest, timeout: float) -> httpx.Response:
    try:
        return httpx.post(url, content=body, headers=list(signed.headers), timeout=timeout)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BridgeError(f"no answer from {url}") from error
