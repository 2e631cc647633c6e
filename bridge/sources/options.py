"""What the configuration of a source changes in its preset's proofs, where the preset allows it."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.errors import Invalid, Place, Problem
from bridge.settings import SourceSettings
from bridge.sources.preset import Freshness, Proof, SnsProof

_OPTIONS = ("header", "prefix", "algorithm", "encoding")


def resolve_proofs(
    proofs: Sequence[Proof], settings: SourceSettings, place: Place
) -> tuple[Proof, ...]:
    """The proofs in use, with the source's own header, prefix, algorithm, encoding and window.

    Raises Invalid for a kind of proof that the preset has not, and for an option that no proof in
    use leaves open.
    """
    proofs = _chosen(proofs, settings, place)
    given = {name: value for name in _OPTIONS if (value := getattr(settings, name)) is not None}
    if "header" in given:
        given["header"] = given["header"].lower()
    problems = [
        Problem(
            place,
            f'the preset "{settings.preset}" does not leave its {name} open',
            f"sources.{settings.name}.{name}",
        )
        for name in given
        if not any(name in getattr(proof, "options", ()) for proof in proofs)
    ]
    timed = any(_freshness(proof) or isinstance(proof, SnsProof) for proof in proofs)
    if settings.freshness_seconds is not None and not timed:
        words = f'what the preset "{settings.preset}" reads has no signed time'
        problems.append(Problem(place, words, f"sources.{settings.name}.freshness_seconds"))
    if settings.certificates and not any(isinstance(proof, SnsProof) for proof in proofs):
        words = f'what the preset "{settings.preset}" reads is signed by no certificate'
        problems.append(Problem(place, words, f"sources.{settings.name}.certificates"))
    if problems:
        raise Invalid(problems)
    return tuple(_resolve(proof, given, settings.freshness_seconds) for proof in proofs)


def _chosen(proofs: Sequence[Proof], settings: SourceSettings, place: Place) -> tuple[Proof, ...]:
    if settings.proof in ("required", "none"):
        return tuple(proof for proof in proofs if not proof.only_if_chosen)
    chosen = tuple(proof for proof in proofs if proof.kind == settings.proof)
    if not chosen:
        kinds = ", ".join(dict.fromkeys(proof.kind for proof in proofs))
        words = f'the preset "{settings.preset}" has no proof of this kind; it has {kinds}'
        raise Invalid([Problem(place, words, f"sources.{settings.name}.proof")])
    return chosen


def _resolve(proof: Proof, given: dict[str, str], window: int | None) -> Proof:
    allowed = getattr(proof, "options", ())
    changes: dict[str, object] = {name: given[name] for name in given if name in allowed}
    fresh = _freshness(proof)
    if window is not None and isinstance(proof, SnsProof):
        changes["within_seconds"] = window
    if window is not None and fresh is not None:
        changes["freshness"] = fresh.model_copy(update={"within_seconds": window})
    if not changes:
        return proof
    return type(proof).model_validate({**proof.model_dump(), **changes})


def _freshness(proof: Proof) -> Freshness | None:
    return getattr(proof, "freshness", None)
