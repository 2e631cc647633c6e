"""The thread in which commits wait for the disk.

A pool of one thread would do, but each call through it makes two futures that are chained, with
locks and a semaphore; one queue takes half the time, for which the disk would stand still.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
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
        while (given := self._jobs.get()) is not None:
            job, loop, done = given
            try:
                result = job()
            except BaseException as error:  # noqa: BLE001 (the thread's edge: whoever waits is told)
                result = error
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                loop.call_soon_threadsafe(tell, done, result)


def tell(done: Done, result: BaseException | None) -> None:
    """In the loop's thread, where nobody may wait any more."""
    if not done.done():
        done.set_result(result)
