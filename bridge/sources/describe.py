"""The tables of presets for docs/systems.md, written from the presets themselves."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.sources.compiled import Preset
from bridge.sources.preset import (
    BasicProof,
    BearerProof,
    Ed25519Proof,
    HeaderProof,
    HmacProof,
    JwtProof,
    Proof,
    QueryProof,
    SnsProof,
)

LEVELS = {
    "V": "verified at the sender",
    "P": "partly, or through third parties",
    "X": "not verified",
}
VERIFIED = {"V": "vendor", "P": "third-party", "X": "unverified"}
"""The same in one word, for `bridge sources list`."""


def table(presets: Mapping[str, Preset]) -> str:
    """One row for each preset: how its sender proves itself, and what the preset rests on."""
    head = "Preset", "What comes from it", "Proof", "Signed time", "Redelivery known by", "Becomes"
    rows = [
        f"| {' | '.join(head)} | Verified |",
        f"|{'---|' * (len(head) + 1)}",
        *(_row(preset) for preset in presets.values()),
    ]
    return "\n".join(rows) + "\n"


def types_table(presets: Mapping[str, Preset]) -> str:
    """What each preset makes of its sender's types."""
    rows = [
        "| Preset | The sender's type | Ours |",
        "|---|---|---|",
        *(row for preset in presets.values() for row in _types(preset)),
    ]
    return "\n".join(rows) + "\n"


def _row(preset: Preset) -> str:
    form = preset.form
    fresh = [proof.freshness for proof in form.proof if hasattr(proof, "freshness")]
    fresh += [proof for proof in form.proof if isinstance(proof, SnsProof)]
    window = next((f"within {one.within_seconds} s" for one in fresh if one), "none")
    keys = [
        *(_code(text) for text in form.key or ()),
        f"hash of the body for {form.hash_within_seconds} s",
    ]
    cells = [
        f"[`{form.name}`]({form.page})",
        form.sentence,
        "; or ".join(dict.fromkeys(_proof(proof) for proof in form.proof)),
        window,
        ", else ".join(keys),
        ", ".join(f"`{ours}`" for ours in dict.fromkeys(form.type.map.values())) or "as sent",
        _verified(preset),
    ]
    return "| " + " | ".join(cells) + " |"


def _verified(preset: Preset) -> str:
    form = preset.form
    against = f"; {form.against}" if form.against else ""
    return f"{form.level}: {LEVELS[form.level]}, {form.read}{against}"


def _types(preset: Preset) -> list[str]:
    if not preset.form.type.map:
        return [f"| `{preset.name}` | any | the same |"]
    return [
        f"| `{preset.name}` | `{word}` | `{ours}` |" for word, ours in preset.form.type.map.items()
    ]


def _proof(proof: Proof) -> str:
    if isinstance(proof, HmacProof):
        what = f"HMAC {proof.algorithm.value.upper()} of `{proof.signed}`"
        return f"{what} in `{proof.header}: {proof.prefix}<{proof.encoding.value}>`"
    if isinstance(proof, Ed25519Proof):
        return f"ed25519 of `{proof.signed}` in `{proof.header}: {proof.prefix}<base64>`"
    if isinstance(proof, JwtProof):
        return f"`{proof.header}: Bearer <JWT>`, HS256, with `exp`"
    if isinstance(proof, HeaderProof):
        return f"`{proof.header}: <secret>`"
    if isinstance(proof, BearerProof):
        return f"`{proof.header}: Bearer <secret>`"
    if isinstance(proof, BasicProof):
        return f"`{proof.header}: Basic`, the secret being `user:password`"
    if isinstance(proof, SnsProof):
        return "RSA by AWS in the body, of a topic whose ARN is the secret"
    if isinstance(proof, QueryProof):
        return f"`?{proof.parameter}=<secret>`"
    return "the secret in the path"


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"
