"""Test results as JUnit XML, the form that CI systems show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from bridge.workbench.testing import Tested, TestRun

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(run: TestRun) -> str:
    """One suite for each rule file, one case for each test in it."""
    root = ElementTree.Element("testsuites", _counts(run.tested), name="bridge rules test")
    files = dict.fromkeys(one.test.place.file for one in run.tested)
    for file in files:
        tested = [one for one in run.tested if one.test.place.file == file]
        suite = ElementTree.SubElement(root, "testsuite", _counts(tested), name=_text(file))
        for one in tested:
            _case(suite, one)
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, one: Tested) -> None:
    place = one.test.place
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_text(place.file),
        name=_text(f"{one.test.sample} (line {place.line})"),
        file=_text(place.file),
        line=str(place.line),
        time=f"{one.duration_seconds:.3f}",
    )
    if one.misses:
        failure = ElementTree.SubElement(case, "failure", message=_text(one.misses[0].words))
        failure.text = _text("\n".join(line for miss in one.misses for line in miss.lines()))


def _counts(tested: Sequence[Tested]) -> dict[str, str]:
    return {
        "tests": str(len(tested)),
        "failures": str(sum(not one.ok for one in tested)),
        "errors": "0",
        "time": f"{sum(one.duration_seconds for one in tested):.3f}",
    }


def _text(text: str) -> str:
    """Without the characters that XML cannot carry, which a sample may well hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
