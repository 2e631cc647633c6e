"""The webhooks the stand-ins send: signed as each vendor does, in order for each subject.

Question: what order do deliveries keep? Options: none, as Jira promises; one line for all; one
line for each subject.
Choice: one line for each subject: a demo reads well, and no subject waits for another.
Consequence: a receiver that depends on the order works here and may not with a real Jira.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bridge.clock import iso
from bridge.event import JSON
from bridge.sandbox.conditions import Conditions
from bridge.sandbox.exchange import ENCODER
from bridge.sandbox.post import PostFailed, post

RETRIED = (408, 409, 425, 429)
"""Besides 5xx and failed connections; everything else is final (Atlassian, read 2026-11)."""
DELAYS_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Jira waits 5 to 15 minutes, five times; the sandbox has less patience."""
KEPT = 1000

Sender = Callable[[str, Sequence[tuple[str, str]], bytes], Awaitable[int]]


JIRA_SITES = ("jira", "jira-dc")


@dataclass(frozen=True, slots=True)
class Target:
    """Where webhooks go. secret: empty sends them unsigned. events: empty wants all.

    sites: whose webhooks it gets; Jira's unless said.
    """

    url: str
    secret: str = field(default="", repr=False)
    events: tuple[str, ...] = ()
    sites: tuple[str, ...] = JIRA_SITES


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a vendor sends. headers: all of one try's, the proof too; given the time of the try.

    again: whether it tries again at all; several vendors do not.
    """

    headers: Callable[[Delivery, int], list[tuple[str, str]]]
    again: bool = True


@dataclass(slots=True)
class Delivery:
    """One webhook to one target. state: waiting, delivered, refused (final) or given up."""

    identifier: str
    target: Target
    dialect: Dialect
    subject: str
    event: str
    body: bytes
    made_at: int
    state: str = "waiting"
    attempts: list[dict[str, JSON]] = field(default_factory=list)


def digest(secret: str, signed: bytes) -> str:
    """HMAC-SHA256 in hex, as most vendors prove themselves."""
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def signature(secret: str, body: bytes) -> str:
    """What stands in Jira's X-Hub-Signature: HMAC-SHA256 over the raw body, in hex."""
    return f"sha256={digest(secret, body)}"


def jira_headers(delivery: Delivery, now: int) -> list[tuple[str, str]]:
    """Jira's own of one try."""
    del now
    retry = len(delivery.attempts)
    headers = [
        ("Content-Type", "application/json; charset=UTF-8"),
        ("User-Agent", "Sandbox webhooks (not a real Jira)"),
        ("X-Atlassian-Webhook-Identifier", delivery.identifier),
        ("X-Atlassian-Webhook-Flow", "Primary"),
    ]
    if retry:
        headers.append(("X-Atlassian-Webhook-Retry", str(retry)))
    if delivery.target.secret:
        headers.append(("X-Hub-Signature", signature(delivery.target.secret, delivery.body)))
    return headers


JIRA = Dialect(jira_headers)


class Webhooks:
    """Sends in the background. Start it inside the event loop, stop it at the end."""

    def __init__(
        self,
        conditions: Conditions,
        targets: Sequence[Target] = (),
        delays_seconds: Sequence[float] = DELAYS_SECONDS,
        sender: Sender = post,
    ) -> None:
        self.targets = tuple(targets)
        self.delays_seconds = tuple(delays_seconds)
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT)
        self._conditions = conditions
        self._sender = sender
        self._lines: dict[str, deque[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def outbox(self, site: str, dialect: Dialect = JIRA) -> SiteOutbox:
        return SiteOutbox(self, site, dialect)

    def targets_of(self, site: str) -> list[Target]:
        return [target for target in self.targets if site in target.sites]

    def queue(
        self, site: str, dialect: Dialect, subject: str, event: str, body: dict[str, JSON]
    ) -> None:
        """One delivery for each target that wants the event."""
        for target in self.targets_of(site):
            if not target.events or event in target.events:
                self.queue_to(target, site, dialect, subject, event, body)

    def queue_to(
        self,
        target: Target,
        site: str,
        dialect: Dialect,
        subject: str,
        event: str,
        body: dict[str, JSON],
    ) -> None:
        """One delivery to a target that was found otherwise."""
        raw = ENCODER.encode(body).encode("utf-8", "replace")
        identifier = str(uuid.UUID(int=self._conditions.identifiers.getrandbits(128)))
        now = self._conditions.clock()
        line = f"{site}/{subject}"
        self._enqueue(Delivery(identifier, target, dialect, line, event, raw, now))

    def repeat(self, identifier: str) -> bool:
        """Send a delivery once more under its identifier; False when it is not known."""
        for delivery in self.deliveries:
            if delivery.identifier == identifier:
                delivery.state = "waiting"
                self._enqueue(delivery, known=True)
                return True
        return False

    def _enqueue(self, delivery: Delivery, known: bool = False) -> None:
        if not known:
            self.deliveries.append(delivery)
        line = self._lines.get(delivery.subject)
        if line is not None:
            line.append(delivery)
            return
        self._lines[delivery.subject] = deque([delivery])
        task = asyncio.get_running_loop().create_task(self._drain(delivery.subject))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, subject: str) -> None:
        """Send one subject's line to its end, the next only when the one before is settled."""
        line = self._lines[subject]
        try:
            while line:
                await self._deliver(line.popleft())
        finally:
            del self._lines[subject]

    async def _deliver(self, delivery: Delivery) -> None:
        delays = self.delays_seconds if delivery.dialect.again else ()
        for delay in (*delays, None):
            status = await self._try(delivery)
            again = status == 0 or status >= 500 or status in RETRIED
            if not again:
                delivery.state = "delivered" if 200 <= status < 300 else "refused"
                return
            if delay is None:
                break
            await self._conditions.sleep(delay)
        delivery.state = "given up"

    async def _try(self, delivery: Delivery) -> int:
        """The status of the answer, 0 without one; written down either way."""
        now = self._conditions.clock()
        headers = [*delivery.dialect.headers(delivery, now), ("X-Sandbox", "true")]
        at = iso(now)
        try:
            status, error = await self._sender(delivery.target.url, headers, delivery.body), ""
        except PostFailed as failure:
            status, error = 0, str(failure)
        delivery.attempts.append({"at": at, "status": status, "error": error})
        return status

    async def settled(self) -> None:
        """Wait until nothing is on its way any more."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def stop(self) -> None:
        """Forget what was not sent."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def show(self) -> JSON:
        targets: list[JSON] = [
            {
                "url": t.url,
                "signed": bool(t.secret),
                "events": list(t.events),
                "sites": list(t.sites),
            }
            for t in self.targets
        ]
        return {"targets": targets, "deliveries": [_show(d) for d in self.deliveries]}


class SiteOutbox:
    """What one site sees: subjects of two sites never share a line."""

    def __init__(self, webhooks: Webhooks, site: str, dialect: Dialect) -> None:
        self._webhooks = webhooks
        self._site = site
        self._dialect = dialect

    @property
    def wanted(self) -> bool:
        return bool(self._webhooks.targets_of(self._site))

    def send(self, subject: str, event: str, body: dict[str, JSON]) -> None:
        self._webhooks.queue(self._site, self._dialect, subject, event, body)

    def send_to(
        self, target: Target, dialect: Dialect, subject: str, event: str, body: dict[str, JSON]
    ) -> None:
        """To one target alone, which the site itself has found."""
        self._webhooks.queue_to(target, self._site, dialect, subject, event, body)


def _show(delivery: Delivery) -> JSON:
    attempts: list[JSON] = list(delivery.attempts)
    return {
        "identifier": delivery.identifier,
        "url": delivery.target.url,
        "event": delivery.event,
        "subject": delivery.subject,
        "made_at": iso(delivery.made_at),
        "state": delivery.state,
        "attempts": attempts,
        "body": delivery.body.decode(),
    }
