"""How many requests a key may make: a bucket that fills evenly and holds one minute's worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

MINUTE_SECONDS = 60.0


@dataclass(slots=True)
class Bucket:
    """left: requests that may be made now; at: when that was true, in seconds."""

    left: float
    at: float


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a request was told.

    remaining: whole requests left. reset_seconds: until the bucket is full again.
    retry_after_seconds: 0 where the request was let through.
    """

    limit: int
    remaining: int
    reset_seconds: int
    retry_after_seconds: int = 0


class Allowances:
    """Buckets by key, of one process. A key may burst its whole minute's worth.

    With several nodes each counts for itself: the limit guards a node, it is no bill.
    """

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def take(self, key: str, per_minute: int, now_seconds: float) -> Allowed:
        """Takes one request out of a key's bucket, if there is one in it.

        now_seconds: of a clock that never goes back.
        """
        rate = per_minute / MINUTE_SECONDS
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(float(per_minute), now_seconds)
        passed = max(0.0, now_seconds - bucket.at)
        bucket.left = min(float(per_minute), bucket.left + passed * rate)
        bucket.at = now_seconds
        wait = 0
        if bucket.left >= 1:
            bucket.left -= 1
        else:
            wait = max(1, math.ceil((1 - bucket.left) / rate))
        reset = math.ceil((per_minute - bucket.left) / rate)
        return Allowed(per_minute, int(bucket.left), reset, wait)
