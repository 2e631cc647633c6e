"""Bodies that are not what they should be: a clear answer, and nothing stored."""

from __future__ import annotations

import json

import pytest

from tests.web.conftest import Door

SHAPES = {
    "cut short": b'{"action": "created", "alert": {"num',
    "no json": b"hello",
    "empty": b"",
    "only spaces": b"  \n",
    "two values": b"{} {}",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "NaN": b'{"score": NaN}',
    "Infinity": b'{"score": -Infinity}',
    "nested too deep": b"[" * 4_000 + b"]" * 4_000,
    "nested and never closed": b'{"a":' * 1_900,
    "a trailing comma": b'{"a": 1,}',
}


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
async def test_genuine_body_of_a_wrong_form_is_400_and_not_stored(door: Door, body: bytes) -> None:
    answer = await door.send("github", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "malformed"
    assert answer.json()["error"]["message"]
    assert await door.events() == []


ODD = {
    "an integer beyond 64 bits": (b'{"id": 123456789012345678901234567890}', 202),
    "a number of many digits": (b'{"id": 1' + b"0" * 9_000 + b"}", 202),
    "a float beyond any": (b'{"id": 1e999}', 202),
    "a NUL": (b'{"name": "a\\u0000b"}', 202),
    "a lone surrogate": (b'{"name": "a\\ud800b"}', 202),
    "a byte order mark": (b'\xef\xbb\xbf{"name": "x"}', 202),
    "a key given twice": (b'{"name": "x", "name": "y"}', 202),
    "an array": (b"[1, 2]", 202),
    "a text": (b'"hello"', 202),
    "null": (b"null", 202),
}


@pytest.mark.parametrize(("body", "status"), ODD.values(), ids=ODD)
async def test_odd_but_genuine_body_is_stored_to_the_byte(
    door: Door, body: bytes, status: int
) -> None:
    answer = await door.send("github", body)

    assert answer.status_code == status
    (event,) = await door.events()
    assert event.body == body


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 202),
        ("application/json; charset=utf-8", 202),
        ("APPLICATION/JSON", 202),
        ("application/vnd.github+json", 202),
        ("text/plain", 415),
        ("application/xml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/octet-stream", 415),
        ("application/jsonp", 415),
    ],
)
async def test_content_type_decides_whether_a_genuine_body_is_read(
    door: Door, kind: str, status: int
) -> None:
    body = b'{"action": "created"}'
    headers = [pair for pair in door.signed("github", body) if pair[0] != "content-type"]
    answer = await door.post("/hooks/github", body, [*headers, ("content-type", kind)])

    assert answer.status_code == status
    if status == 415:
        assert "application/json" in answer.json()["error"]["message"]
        assert await door.events() == []


async def test_forged_body_of_a_wrong_type_is_401_because_the_proof_comes_first(
    door: Door,
) -> None:
    answer = await door.post("/hooks/github", b"<x/>", [("content-type", "application/xml")])
    assert answer.status_code == 401


async def test_cloudevent_of_another_format_is_415_and_an_incomplete_one_400(door: Door) -> None:
    body = json.dumps({"specversion": "1.0", "id": "a"}).encode()
    avro = await door.post("/hooks/open", body, [("content-type", "application/cloudevents+avro")])
    poor = await door.post("/hooks/open", body, [("content-type", "application/cloudevents+json")])

    assert avro.status_code == 415
    assert poor.status_code == 400
    assert await door.events() == []


@pytest.mark.parametrize(
    "signature",
    [
        "", "sha256=", "sha256=zz", "sha256=" + "0" * 63, "sha1=" + "0" * 40, "0" * 64,
        "sha256=" + "é" * 64, "sha256=" + "0" * 5_000,
    ],
)  # fmt: skip
async def test_signature_of_any_form_is_401_and_never_500(door: Door, signature: str) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"x-hub-signature-256", signature.encode("latin-1")),
    ]
    answer = await door.client.post("/hooks/github", content=b"{}", headers=headers)
    assert answer.status_code == 401


async def test_address_of_thousands_of_parameters_is_400(door: Door) -> None:
    query = "&".join(f"a{number}=1" for number in range(3_000))
    answer = await door.post(f"/hooks/open?{query}", b"{}")
    assert answer.status_code == 400


async def test_path_that_is_no_utf_8_or_very_long_is_404(door: Door) -> None:
    for path in ("/hooks/%ff%fe", "/hooks/" + "x" * 5_000, "/hooks//github", "/hooks/%00"):
        assert (await door.post(path, b"{}")).status_code == 404
