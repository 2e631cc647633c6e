"""Preset files: all are found, and a mistake names its file, line and column."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.document import load
from bridge.errors import ExpressionFailed, Invalid, Place
from bridge.event import JSON
from bridge.match.expression import activation, compile_expression
from bridge.settings import SourceSettings
from bridge.sources.catalogue import load_presets
from bridge.sources.describe import table, types_table
from bridge.sources.lookup import ABSENT, NAMES, Scope, plain_text, plain_walk
from bridge.sources.source import Source
from bridge.vocabulary import VOCABULARY
from tests.sources.deliveries import (
    NOW,
    PRESETS,
    ROOT,
    data,
    delivery,
    events,
    preset,
    read,
    signed,
    source,
)

GOOD = """\
name: own
sentence: A sender for one of the tests.
page: https://sender.example/webhooks
read: 2026-11
level: X
proof:
  - kind: header
    header: x-secret
key: body.id
type: {of: body.type}
"""


def complaint(text: str) -> str:
    with pytest.raises(Invalid) as raised:
        preset(text)
    return str(raised.value)


def test_the_presets_that_come_with_the_bridge_are_all_found() -> None:
    files = (ROOT / "bridge" / "sources").glob("*.yaml")
    assert set(PRESETS) == {file.stem for file in files}
    assert set(PRESETS) >= {"qtangl", "jira-cloud", "github", "standard-webhooks", "cloudevents"}


def test_types_of_ours_in_a_preset_are_those_of_the_vocabulary() -> None:
    for found in PRESETS.values():
        for ours in found.form.type.map.values():
            assert ours in VOCABULARY, (found.name, ours)


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("level: X", "level: Y", "own.yaml:5:8", "'V', 'P' or 'X'"),
        ("level: X\n", "", "own.yaml:1:1", "level"),
        ("key: body.id", "kay: body.id", "own.yaml:9:1", 'did you mean "key"?'),
        ("key: body.id", "key: boody.id", "own.yaml:9:6", 'did you mean "body"?'),
        ("key: body.id", "key: [body.id, 'body.']", "own.yaml:9:22", "key[1]"),
        ("key: body.id", "key: []", "own.yaml:9:6", "key: "),
        ("key: body.id", "key: ''", "own.yaml:9:6", "missing"),
        ("kind: header", "kind: telepathy", "own.yaml:7", "telepathy|kind"),
        ("header: x-secret", "header: X-Secret", "own.yaml:8:13", "pattern"),
        ("type: {of: body.type}", "type: {of: 'body.type +'}", "own.yaml:10:24", "type.of"),
        ("proof:", "data: {a: [body.a, 'bad(']}\nproof:", "own.yaml:6:25", "data.a[1]"),
    ],
)
def test_mistake_in_a_preset_has_its_place_and_what_would_be_right(
    old: str, new: str, where: str, words: str
) -> None:
    said = complaint(GOOD.replace(old, new))
    assert where in said
    assert any(word in said for word in words.split("|")), said


@pytest.mark.parametrize(
    "signed_text", ["{x-time}", "{body", "{x-other}.{body}\n    freshness: {header: x-time}"]
)
def test_proof_that_signs_no_body_or_no_time_is_refused(signed_text: str) -> None:
    proof = f'kind: hmac\n    header: x-signature\n    signed: "{signed_text}"'.replace(
        '\n    freshness: {header: x-time}"', '"\n    freshness: {header: x-time}'
    )
    said = complaint(GOOD.replace("kind: header\n    header: x-secret", proof))
    assert "body" in said or "brace" in said or "proves nothing" in said


@pytest.mark.parametrize("where", ["{}", "{header: a, entry: b}"])
def test_freshness_names_exactly_one_place(where: str) -> None:
    proof = f"kind: hmac\n    header: x-signature\n    freshness: {where}"
    said = complaint(GOOD.replace("kind: header\n    header: x-secret", proof))
    assert "name one of" in said


def test_operators_own_presets_stand_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(GOOD)
    assert set(load_presets(tmp_path)) == {*PRESETS, "own"}


def test_problems_of_all_own_presets_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "github.yaml").write_text(GOOD.replace("name: own", "name: github"))
    (tmp_path / "other.yaml").write_text(GOOD)
    (tmp_path / "third.yaml").write_text("\t")
    with pytest.raises(Invalid) as raised:
        load_presets(tmp_path)
    said = str(raised.value)
    assert "github.yaml:1:7" in said
    assert '"github" is a preset already' in said
    assert 'a preset has its file\'s name, "other"' in said
    assert "third.yaml:1:1" in said


def test_folder_of_presets_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="does not exist"):
        load_presets(tmp_path / "absent")


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("github", {"header": "x-mine"}, "does not leave its header open"),
        ("generic-token", {"prefix": "x"}, "does not leave its prefix open"),
        ("github", {"freshness_seconds": 5}, "no signed time"),
        ("standard-webhooks", {"secrets": (SecretStr("whsec_???"),)}, "not base64"),
        ("standard-webhooks", {"secrets": (SecretStr("whpk_AAAA"),)}, "32 bytes"),
        ("standard-webhooks", {"secrets": (SecretStr("whsk_AAAA"),)}, "private key"),
        ("generic-token", {"secrets": (SecretStr("whpk_AAAA"),)}, "checks no public keys"),
        ("github", {"secrets": (SecretStr("whpk_AAAA"),)}, "checks no public keys"),
    ],
)
def test_source_whose_options_do_not_fit_its_preset_is_refused_at_its_place(
    name: str, options: dict[str, object], words: str
) -> None:
    settings = SourceSettings.model_validate({"name": "door", "preset": name, **options})
    with pytest.raises(Invalid, match=words) as raised:
        Source(PRESETS[name], settings, Place("bridge.yaml", 7, 3))
    assert str(raised.value).startswith("bridge.yaml:7:3: sources.door.")
    assert "AAAA" not in str(raised.value)


@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_generic_hmac_takes_header_prefix_algorithm_and_encoding_from_the_source(
    algorithm: str, encoding: str
) -> None:
    by = source(
        "generic-hmac", header="X-Mine", prefix="sig=", algorithm=algorithm, encoding=encoding
    )
    given = signed(by, b"{}")
    assert dict(given.headers)["x-mine"].startswith("sig=")
    assert by.verify(given, NOW)


def test_generic_token_takes_bearer_basic_header_and_path() -> None:
    by = source("generic-token", "demo:secret")
    ways = [
        delivery(b"{}", {"authorization": "Bearer demo:secret"}),
        delivery(b"{}", {"authorization": "Basic ZGVtbzpzZWNyZXQ="}),
        delivery(b"{}", {"x-api-key": "demo:secret"}),
        delivery(b"{}", path_token="demo:secret"),
    ]
    assert {by.verify(way, NOW) for way in ways} == set(by.fingerprints)


def test_each_of_several_secrets_is_accepted_and_named_by_its_fingerprint() -> None:
    old, new = (source("github", secret) for secret in ("old-secret", "new-secret"))
    both = source("github", "new-secret", "old-secret")
    assert both.verify(signed(old, b"{}"), NOW) == old.fingerprints[0]
    assert both.verify(signed(new, b"{}"), NOW) == new.fingerprints[0]
    assert both.fingerprints == (*new.fingerprints, *old.fingerprints)


def test_expression_that_goes_wrong_names_its_field_and_absent_ones_are_left_out() -> None:
    by = source(preset(GOOD + "data: {a: body.x.y, b: [body.z, '\"or this\"'], c: 'body.n + 1'}"))
    assert data(by, delivery(b'{"n": 1}')) == {"b": "or this", "c": 2}
    assert data(by, delivery(b'{"n": 1, "x": null, "z": null}')) == {
        "a": None,
        "b": "or this",
        "c": 2,
    }
    with pytest.raises(ExpressionFailed, match=r"data\.c"):
        events(by, delivery(b'{"n": "text"}'))
    assert read(by, delivery(b'{"n": "text"}'))[0].type == "unrecognised"


def test_preset_without_a_key_knows_a_redelivery_by_its_body() -> None:
    by = source(preset(GOOD.replace("key: body.id\n", "")))
    first, again, other = (
        read(by, delivery(body))[0].key for body in (b'{"id": 1}', b'{"id": 1}', b'{"id": 2}')
    )
    assert first.startswith("hash:")
    assert first == again != other


def test_key_whose_expression_goes_wrong_gives_way_to_the_next_one() -> None:
    text = GOOD.replace("key: body.id", "key: ['string(body.n + 1)', body.id]")
    by = source(preset(text))
    assert read(by, delivery(b'{"n": 1, "id": "i"}'))[0].key == "2"
    assert read(by, delivery(b'{"n": [], "id": "i"}'))[0].key == "i"


BODIES: list[JSON] = [
    None,
    {},
    {"a": "x"},
    {"a": 7, "b": "y"},
    {"a": {"b": "z", "c d": "q"}},
    {"a": None},
    {"a": True},
    {"a": 1.5},
    {"a": [1]},
    {"a": ""},
]
TEXTS = [
    "body.a",
    "body.a.b",
    'body.a["c d"]',
    '"lit" + body.a',
    'body.a + "/" + body.b',
    'string(body.a) + ":" + body.b',
    "string(body.a)",
    'body["a"]',
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("body", BODIES, ids=str)
def test_shortcut_for_plain_paths_gives_what_the_engine_gives(text: str, body: JSON) -> None:
    values: dict[str, JSON] = {"body": body, "headers": {}, "item": body}
    compiled = compile_expression(f"dyn({text})", Place("x", 1, 1), NAMES)
    try:
        engine: JSON = compiled.evaluate(activation(values))
    except ExpressionFailed:
        engine = None
    walk, join = plain_walk(text), plain_text(text)
    if walk is not None:
        walked = walk(values)
        assert (None if walked is ABSENT else walked) == engine
    if join is not None:
        joined = join(values)
        if joined:
            assert joined == str(engine)
        elif joined == "":
            assert engine in (None, "")


@pytest.mark.parametrize(
    "text", ["body.a.size()", "size(body.a)", "body.a == 1", "body[0]", "event"]
)
def test_what_is_more_than_a_path_is_left_to_the_engine(text: str) -> None:
    assert plain_walk(text) is None
    assert plain_text(text) is None


def test_field_that_is_null_is_to_an_expression_as_one_that_is_absent_but_for_raw() -> None:
    fields = """
data:
  a: has(body.x.y)
  b: body.x.?y.?z.orValue("none")
  c: body.x
  d: raw.x.y == null
  e: body.l.map(i, i.?n.orValue(0))
"""
    by = source(preset(GOOD + fields))
    body = b'{"x": {"y": null}, "l": [{"n": null}, {"n": 2}]}'
    assert data(by, delivery(body)) == {
        "a": False,
        "b": "none",
        "c": {"y": None},
        "d": True,
        "e": [0, 2],
    }


def test_activation_is_made_once_for_all_expressions_of_an_event() -> None:
    scope = Scope({"a": 1}, {}, None)
    assert scope.activation() is scope.activation()


def test_table_names_every_preset_its_page_and_its_proof() -> None:
    text = table(PRESETS)
    for found in PRESETS.values():
        assert f"[`{found.name}`]({found.form.page})" in text
    for proof in (
        "HMAC SHA256 of `{body}`",
        "ed25519 of",
        "Basic",
        "?access_token=",
        "in the path",
        "Bearer <JWT>",
        "RSA by AWS",
    ):
        assert proof in text


def test_table_says_of_every_preset_what_it_rests_on_and_what_it_makes_of_types() -> None:
    rows = dict(zip(PRESETS, table(PRESETS).splitlines()[2:], strict=True))
    for found in PRESETS.values():
        assert f"| {found.form.level}: " in rows[found.name]
        assert found.form.read in rows[found.name]
        for word, ours in found.form.type.map.items():
            assert f"`{ours}`" in rows[found.name]
            assert f"| `{found.name}` | `{word}` | `{ours}` |" in types_table(PRESETS)
    assert "`stripe`" in rows["stripe-like"]


def test_example_preset_of_the_documentation_works() -> None:
    page = (ROOT / "docs" / "sources.md").read_text("utf-8")
    written = "name: acme-scanner" + page.split("name: acme-scanner", 1)[1].split("```")[0]
    kinds, answers = (
        mark + page.split(f"```yaml\n{mark}", 1)[1].split("```")[0]
        for mark in ("kinds:", "answers:")
    )
    example = preset(written + kinds + answers)
    assert load(written, "docs").value
    by = source(example, "made-up-secret")
    body = (
        b'{"target": "t", "findings": [{"uid": "f", "revision": 3, "state": "new", "rule": "r"}]}'
    )
    given = signed(by, body)
    assert by.verify(given, NOW)
    (event,) = events(by, given)
    assert (read(by, given)[0].key, event.type, event.subject) == ("f:3", "finding.opened", "f")
    assert isinstance(event.data, dict)
    assert event.data["title"] == "r"
