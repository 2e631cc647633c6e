"""What the stand-in remembers: channels and their messages."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.event import JSON

TEAM = "T0SANDBOX"
BOT_USER = "U0SANDBOX"
BOT = "B0SANDBOX"


@dataclass(slots=True)
class Message:
    """ts: its id within the channel. thread: the ts of the message it answers; empty for none."""

    ts: str
    text: str
    thread: str = ""
    blocks: JSON = None
    metadata: JSON = None
    edited: str = ""


@dataclass(slots=True)
class Channel:
    """member: whether the app is in it, without which it can neither post nor read."""

    id: str
    name: str
    member: bool = True
    messages: list[Message] = field(default_factory=list)

    def find(self, ts: str) -> Message | None:
        return next((one for one in self.messages if one.ts == ts), None)


@dataclass(slots=True)
class SlackState:
    """scopes: of the app; tests take some away."""

    channels: dict[str, Channel] = field(default_factory=dict)
    scopes: set[str] = field(default_factory=set)
    count: int = 0

    def __post_init__(self) -> None:
        for channel in (
            Channel("C0SECURITY", "security"),
            Channel("C0GENERAL1", "general"),
            Channel("C0ELSEWHERE", "elsewhere", member=False),
        ):
            self.channels[channel.id] = channel
        self.scopes |= {"chat:write", "channels:read", "channels:history"}

    def channel(self, wanted: str) -> Channel | None:
        """By id, or by name with or without #, as chat.postMessage takes it."""
        if wanted in self.channels:
            return self.channels[wanted]
        name = wanted.removeprefix("#")
        return next((one for one in self.channels.values() if one.name == name), None)

    def next_ts(self, now: int) -> str:
        self.count += 1
        return f"{now // 1000}.{self.count:06d}"
