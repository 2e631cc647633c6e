"""The thread in which commits wait for the disk.

A pool of one thread would do, but each call through it makes two futures that are chained, with
locks and a semaphore; one queue takes half the time, for which the disk would stand still.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import TypeAlias

Job: TypeAlias = "tuple[Callable[[], BaseException | None], asyncio.AbstractEventLoop, Done]"
Done: TypeAlias = "asyncio.Future[BaseException | None]"


class WriterThread:
    """Runs one thing after the other. It ends with `close`, or with the process."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def run(self, job: Callable[[], BaseException | None]) -> Done:
        """Gives what the job gives, once it has, or what it raised."""
        loop = asyncio.get_running_loop()
        done: Done = loop.create_future()
        self._jobs.put((job, loop, done))
        return done

    def close(self) -> None:
        """Waits until all that was asked for is done."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        be_punctual()
        while (given := self._jobs.get()) is not None:
            job, loop, done = given
            del given
            try:
                result = job()
            except BaseException as error:  # noqa: BLE001 (the thread's edge: whoever waits is told)
                result = error
            # Else all that the job holds would be taken down here, before the next one is begun.
            del job
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(tell, done, result)


def be_punctual() -> None:
    """Has Linux end this thread's short waits for the interpreter when they are over.

    By itself it lets them run on for up to 50 µs, and meanwhile the event loop has given the
    interpreter up and taken it again at its next callback, so that the wait begins anew: a
    commit that was done was seen to wait a millisecond for that.
    """
    with contextlib.suppress(OSError):  # another system, or one that forbids it: only slower
        Path(f"/proc/{threading.get_native_id()}/timerslack_ns").write_text("1", "ascii")


def tell(done: Done, result: BaseException | None) -> None:
    """In the loop's thread, where nobody may wait any more."""
    if not done.done():
        done.set_result(result)
