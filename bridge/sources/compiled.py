"""A preset with all its expressions compiled, ready to read deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bridge.document import Document
from bridge.misfits import validate
from bridge.sources.build import Branch, Leaf, compile_data
from bridge.sources.lookup import Lookup, Path, Reading, compile_lookup, compile_reading
from bridge.sources.preset import DataForm, KindForm, PresetForm


@dataclass(frozen=True, slots=True)
class Kind:
    """How the events of some types are read. None stands for: no place is named."""

    key: Lookup
    subject: Lookup | None
    time: Lookup | None
    data: Leaf | Branch


@dataclass(frozen=True, slots=True)
class Answering:
    """A delivery that is answered at once."""

    where: Reading
    equals: str
    reply: Mapping[str, Reading]
    visit: Reading | None


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of sender."""

    form: PresetForm
    document: Document
    type_of: Lookup
    events: Reading | None
    answers: tuple[Answering, ...]
    otherwise: Kind
    kinds: tuple[tuple[tuple[str, ...], Kind], ...]
    exact_types: Mapping[str, str]
    type_globs: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return self.form.name

    def our_type(self, word: str) -> str:
        """Our type for the sender's word; the word itself where we have none."""
        found = self.exact_types.get(word)
        if found is not None:
            return found
        return next((ours for glob, ours in self.type_globs if fnmatchcase(word, glob)), word)

    def kind_of(self, word: str) -> Kind:
        for globs, kind in self.kinds:
            if any(word == glob or fnmatchcase(word, glob) for glob in globs):
                return kind
        return self.otherwise


def compile_preset(document: Document) -> Preset:
    """Raises Invalid: every mistake of the form, or those of the first wrong expression."""
    form = validate(PresetForm, document)
    otherwise = Kind(
        key=_maybe(form.key, document, ("key",)) or Lookup(()),
        subject=_maybe(form.subject, document, ("subject",)),
        time=_maybe(form.time, document, ("time",)),
        data=compile_data(form.data, document, ("data",)),
    )
    kinds = tuple(
        (kind.of, _compile_kind(kind, otherwise, document, ("kinds", index)))
        for index, kind in enumerate(form.kinds)
    )
    answers = tuple(
        Answering(
            compile_reading(answer.where, document, ("answers", index, "where")),
            answer.equals,
            {
                name: compile_reading(text, document, ("answers", index, "reply", name))
                for name, text in answer.reply.items()
            },
            compile_reading(answer.visit, document, ("answers", index, "visit"))
            if answer.visit is not None
            else None,
        )
        for index, answer in enumerate(form.answers)
    )
    events = compile_reading(form.events, document, ("events",)) if form.events else None
    return Preset(
        form=form,
        document=document,
        type_of=compile_lookup(form.type.of, document, ("type", "of")),
        events=events,
        answers=answers,
        otherwise=otherwise,
        kinds=kinds,
        exact_types={word: ours for word, ours in form.type.map.items() if not _is_glob(word)},
        type_globs=tuple((word, ours) for word, ours in form.type.map.items() if _is_glob(word)),
    )


def _compile_kind(form: KindForm, otherwise: Kind, document: Document, path: Path) -> Kind:
    return Kind(
        key=_maybe(form.key, document, (*path, "key")) or otherwise.key,
        subject=_maybe(form.subject, document, (*path, "subject")) or otherwise.subject,
        time=_maybe(form.time, document, (*path, "time")) or otherwise.time,
        data=_data(form.data, document, (*path, "data")) or otherwise.data,
    )


def _maybe(texts: Sequence[str] | None, document: Document, path: Path) -> Lookup | None:
    return compile_lookup(texts, document, path) if texts else None


def _data(form: DataForm | None, document: Document, path: Path) -> Leaf | Branch | None:
    return None if form is None else compile_data(form, document, path)


def _is_glob(word: str) -> bool:
    return any(mark in word for mark in "*?[")
