"""How a failure is told: on stderr, one line for it and one for each cause behind it."""

from __future__ import annotations

import sys
import traceback

from bridge.cli.output import plain, say, told
from bridge.errors import BridgeError, Invalid


def report(error: Exception, *, verbose: bool) -> None:
    """Print the failure and its causes; the traceback only when asked for."""
    if isinstance(error, Invalid):
        for problem in error.problems:
            say(told(problem))
        return
    known = isinstance(error, BridgeError | OSError)
    say(
        f"error: {_words(error)}" if known else f"error: this is a fault in bridge: {_named(error)}"
    )
    said, cause = _words(error), error.__cause__
    while cause is not None:
        if _words(cause) != said:  # libraries wrap one another's errors without a word of their own
            said = _words(cause)
            say(f"  because: {said}")
        cause = cause.__cause__
    if verbose:
        traceback.print_exception(error, file=sys.stderr)
    elif not known:
        say("  --verbose shows where it happened")


def _words(error: BaseException) -> str:
    return plain(str(error)) or type(error).__name__


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {_words(error)}"
