"""What has to hold when a storm is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bridge.match.syncs import Side, other
from tests.sync.ends.end import Writes
from tests.sync.ends.journal import of_thing, was_seen
from tests.sync.storm import Edit, Storm

SIDES: tuple[Side, Side] = ("left", "right")


async def check(storm: Storm) -> None:
    """Both sides are alike and say what people said last; nothing was done twice."""
    for number in range(len(storm.pairs)):
        await check_fields(storm, number)
        await check_comments(storm, number)
        for side in SIDES:
            await check_writes(storm, number, side)
    dead = await storm.world.rows("SELECT reason FROM actions WHERE state = 'dead'")
    assert dead == [], dead


async def check_fields(storm: Storm, number: int) -> None:
    pair = storm.pairs[number]
    seen = {side: await storm.ends[side].read(pair[side]) for side in SIDES}
    for name, meaning in storm.pairing.fields.items():
        left, right = (meaning.said(side, seen[side][name]) for side in SIDES)
        said = storm.said(number, name)
        assert left == right, (pair, name, seen, said[-6:])
        if said:
            good = may_stand(storm, number, said)
            assert left in good, (pair, name, left, good, said[-6:])


def may_stand(storm: Storm, number: int, said: Sequence[Edit]) -> set[str]:
    """What a field may say at the end: what people said last, but for what may be lost where a side
    is blind."""
    good: set[str] = set()
    while said:
        good.add(said[-1].said)
        if storm.pairing.conflict in SIDES:  # and not what is newest
            good.update([one.said for one in said if one.side == storm.pairing.conflict][-1:])
        lost = [one for one in said if may_be_lost(storm, number, one)]
        said = [one for one in said if lost and one is not lost[-1]]
    return good


def may_be_lost(storm: Storm, number: int, edit: Edit) -> bool:
    """Whether a side is blind for an edit: the next thing that the bridge asked for was a write;
    or the edit led back, as far as the side tells, to what the bridge had seen last."""
    if edit.side != storm.pairing.blind:
        return False
    path = storm.ends[edit.side].path(storm.pairs[number][edit.side])
    asked = [one for one in of_thing(storm.world, path) if one.number > edit.request]
    overwritten = bool(asked) and asked[0].method == "PATCH"
    back = edit.said == storm.pairing.untimed and not was_seen(storm.world, path, edit.request)
    return overwritten or back


async def check_comments(storm: Storm, number: int) -> None:
    """Each is on each side once, and none besides."""
    said = [one.said for one in storm.said(number, "comment")]
    for side in SIDES:
        found = await storm.ends[side].remarks(storm.pairs[number][side])
        assert len(found) == len(said), (said, found)
        for text in said:
            same = [one for one in found if one == text or one.startswith(f"{text}\n")]
            assert len(same) == 1, (text, found)


async def check_writes(storm: Storm, number: int, side: Side) -> None:
    """The bridge set no value more often than people had set it."""
    pair, fields = storm.pairs[number], storm.pairing.fields
    most: Counter[tuple[str, str]] = Counter()
    for name in fields:
        said = storm.said(number, name)
        decided = [one for one in storm.decided if (one.pair, one.field) == (number, name)]
        most.update((name, one.said) for one in [*said, *decided])
        if name == "status":  # and passes some on the way to others
            most.update({(name, says): len(said) for says in fields[name].of(side).values()})
    wrote: Writes = Counter()
    for (name, value), count in (await storm.ends[side].wrote(pair[side])).items():
        wrote[name, fields[name].said(side, value)] += count
    first = {"status": "open", "priority": "low", "summary": "Weak key", "assignee": ""}
    for (name, says), count in wrote.items():
        allowed = most[name, says] + (first[name] == says)
        if storm.pairing.conflict == other(side):  # what wins is written over each that loses
            allowed += sum(one.side == side for one in storm.said(number, name))
        assert count <= allowed, (pair[side], pair[other(side)], name, says, count, allowed)
