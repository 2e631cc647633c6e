"""Puts right how the expression engine counts references to Python's objects.

`cel-expr-python` 0.1.3 gives a null out without counting it: with every null in a result, None
has one reference fewer, and Python 3.11 ends the whole process when none is left ("Fatal Python
error: none_dealloc"), which some ten thousand empty fields bring about. Neither does it
let go of the tuple in which a function of ours gets its arguments, nor of what the function gives.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from typing import Any

_add = ctypes.pythonapi.Py_IncRef
_add.argtypes, _add.restype = [ctypes.py_object], None
_drop = ctypes.pythonapi.Py_DecRef
_drop.argtypes, _drop.restype = [ctypes.py_object], None

NOTHING_DONE = ("Py_IsInitialized", ctypes.pythonapi)
"""A function in C that may be called with anything. A function of Python's own never sees the tuple
in which its arguments are handed over, only a copy; the `errcheck` of one of C does."""

OURS = 2
"""References to a local variable's object as `sys.getrefcount` tells them: the variable and it."""


def count_nulls(given: Any) -> None:
    """Count every null in what the engine gave, before it is let go.

    One too many, with an engine that counts them itself, is harmless; from Python 3.12 on None is
    not counted at all.
    """
    if given is None:
        _add(None)
    elif isinstance(given, list):
        for one in given:
            count_nulls(one)
    elif isinstance(given, dict):
        for one in given.values():
            count_nulls(one)


class Lent(threading.local):
    """What functions were given and gave in the evaluation under way, one for each thread."""

    def __init__(self) -> None:
        self._given: list[tuple[Any, ...]] = []
        self._results: list[Any] = []

    def noting(self, run: Callable[..., Any], count: int) -> Callable[..., Any]:
        """The function of so many arguments, with what it is given and gives being noted."""

        def noted(*arguments: Any) -> Any:
            result = run(*arguments)
            if result is not None:  # a None that is counted once too often harms nobody
                self._results.append(result)
            return result

        def called(_result: Any, _function: Any, handed: tuple[Any, ...]) -> Any:
            self._given.append(handed)
            return noted(*handed)

        if not count:
            return noted
        door = ctypes.PYFUNCTYPE(ctypes.c_int, *[ctypes.py_object] * count)(NOTHING_DONE)
        door.errcheck = called
        return door

    def let_go(self) -> None:
        """Drop the engine's references, now that it is done with the evaluation."""
        while self._given:
            handed = self._given.pop()
            if sys.getrefcount(handed) > OURS:
                for one in handed:
                    count_nulls(one)
                _drop(handed)
        while self._results:
            _drop(self._results[-1])
            self._results.pop()


def keeps_results(call: Callable[[Callable[[list[Any]], list[Any]]], None]) -> bool:
    """Whether the engine keeps what a function gives; measured, lest a mended one lose it twice.

    call: has the engine call the function once, with a list.
    """
    results: list[list[Any]] = []

    def give(given: list[Any]) -> list[Any]:
        results.append([*given])
        return results[0]

    call(give)
    result = results.pop()
    return sys.getrefcount(result) > OURS
