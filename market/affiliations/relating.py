"""Find how two parties are related, on a day, from the ties that were stated (关联关系认定).

One controls another that holds more than half of it, alone or together with those that it controls
itself, or that has been told to manage or control it. Two are related, too, if one controls both, if
one person represents both, or heads one and controls the other, or if such persons are declared kin.
A quarter is a holding that is told, and forbids nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from market.affiliations.model import (
    CONTROLLING,
    OF_PERSONS,
    Relation,
    RelationKind,
    Step,
    Tie,
    TieKind,
)

# 公司法 265(2): a holding of more than a half controls.
CONTROL_FROM: Final = 5_001
# 国家税务总局公告 2016年第42号 2(1): from a quarter on two are associated.
HOLDING_FROM: Final = 2_500
PERSON: Final = "person:"

#: What one reaches from above: each node with the ties by which it is reached.
_Reached = dict[str, tuple[Tie, ...]]


def find(a: str, b: str, ties: Iterable[Tie], *, on: dt.date) -> Relation | None:
    """Return how ``a`` is related to ``b`` on a day, the strongest first; None if nothing says so.

    A node is not related to itself: whoever deals with himself is told otherwise.
    """
    if a == b:
        return None
    held = in_force(ties, on)
    for look in (_control, _same_controller, _same_representative, _same_person, _kin, _holding):
        found = look(a, b, held)
        if found is not None:
            return found
    return None


def controls(a: str, b: str, ties: Iterable[Tie], *, on: dt.date) -> Relation | None:
    """Return how ``a`` controls ``b`` on a day, if it does."""
    return None if a == b else _from(a, b, in_force(ties, on), RelationKind.CONTROLS, CONTROL_FROM)


def in_force(ties: Iterable[Tie], on: dt.date) -> list[Tie]:
    """Return the ties that stand on a day, each holding once, as high as any source has it.

    Two sources that tell of one holding do not add up to twice of it.
    """
    held: dict[tuple[str, str, TieKind], Tie] = {}
    for tie in ties:
        is_over = tie.valid_until is not None and tie.valid_until < on
        if on < tie.valid_from or is_over or tie.holder == tie.held:
            continue
        key = (tie.held, tie.holder, tie.kind)
        known = held.get(key)
        if known is None or (known.share_bps or 0) < (tie.share_bps or 0):
            held[key] = tie
    return [held[key] for key in sorted(held)]


def in_words(relation: Relation) -> str:
    """Return the way from one to the other, tie by tie (关联路径)."""
    return "；".join(
        f"{each.holder_name} —{_how(each)}→ {each.held_name}" for each in relation.path
    )


_NAMES: Final[Mapping[TieKind, str]] = {
    TieKind.SHAREHOLDING: "持股",
    TieKind.ACTUAL_CONTROL: "实际控制",
    TieKind.MANAGEMENT: "管理",
    TieKind.LEGAL_REPRESENTATIVE: "法定代表人",
    TieKind.SPOUSE: "配偶",
    TieKind.KIN: "近亲属",
}


def _how(step: Step) -> str:
    name = _NAMES[step.kind]
    if step.share_bps is None:
        return name
    whole, part = divmod(step.share_bps, 100)
    return f"{name} {whole}.{part:02d}%"


def _control(a: str, b: str, ties: Sequence[Tie]) -> Relation | None:
    return _from(a, b, ties, RelationKind.CONTROLS, CONTROL_FROM) or _from(
        b, a, ties, RelationKind.CONTROLLED_BY, CONTROL_FROM
    )


def _from(
    above: str, below: str, ties: Sequence[Tie], kind: RelationKind, least_bps: int
) -> Relation | None:
    reached = _reach(above, ties, least_bps)
    return Relation(kind, _way(below, reached)) if below in reached else None


def _same_controller(a: str, b: str, ties: Sequence[Tie]) -> Relation | None:
    return _both(a, b, ties, RelationKind.SAME_CONTROLLER, CONTROL_FROM)


def _holding(a: str, b: str, ties: Sequence[Tie]) -> Relation | None:
    kind = RelationKind.HOLDING
    return (
        _from(a, b, ties, kind, HOLDING_FROM)
        or _from(b, a, ties, kind, HOLDING_FROM)
        or _both(a, b, ties, kind, HOLDING_FROM)
    )


def _both(
    a: str, b: str, ties: Sequence[Tie], kind: RelationKind, least_bps: int
) -> Relation | None:
    """Find who stands above both, the state's investors left out (公司法 265(4))."""
    of_the_state = {tie.holder for tie in ties if tie.is_state_investor}
    for above in sorted({tie.holder for tie in ties if tie.kind in CONTROLLING} - of_the_state):
        reached = _reach(above, ties, least_bps)
        if a in reached and b in reached:
            return Relation(kind, _way(a, reached) + _way(b, reached))
    return None


def _same_representative(a: str, b: str, ties: Sequence[Tie]) -> Relation | None:
    of_a, of_b = _representatives(a, ties), _representatives(b, ties)
    for person in sorted(of_a.keys() & of_b.keys()):
        return Relation(
            RelationKind.SAME_LEGAL_REPRESENTATIVE, (_step(of_a[person]), _step(of_b[person]))
        )
    return None


def _same_person(a: str, b: str, ties: Sequence[Tie]) -> Relation | None:
    of_a, of_b = _heads(a, ties), _heads(b, ties)
    for person in sorted(of_a.keys() & of_b.keys()):
        return Relation(RelationKind.SAME_PERSON, of_a[person] + of_b[person])
    return None


def _kin(a: str, b: str, ties: Sequence[Tie]) -> Relation | None:
    of_a, of_b = _heads(a, ties), _heads(b, ties)
    for tie in ties:
        if tie.kind not in OF_PERSONS:
            continue
        for one, other in ((tie.holder, tie.held), (tie.held, tie.holder)):
            if one in of_a and other in of_b:
                return Relation(RelationKind.KIN, (*of_a[one], _step(tie), *of_b[other]))
    return None


def _heads(node: str, ties: Sequence[Tie]) -> dict[str, tuple[Step, ...]]:
    """Return the persons who decide what a node does, each with its way: itself, its head, its controllers."""
    if node.startswith(PERSON):
        return {node: ()}
    found: dict[str, tuple[Step, ...]] = {
        person: (_step(tie),) for person, tie in _representatives(node, ties).items()
    }
    persons = {tie.holder for tie in ties if tie.kind in CONTROLLING}
    for person in sorted(each for each in persons if each.startswith(PERSON)):
        reached = _reach(person, ties, CONTROL_FROM)
        if node in reached:
            found.setdefault(person, _way(node, reached))
    return found


def _representatives(node: str, ties: Sequence[Tie]) -> dict[str, Tie]:
    return {
        tie.holder: tie
        for tie in ties
        if tie.held == node and tie.kind is TieKind.LEGAL_REPRESENTATIVE
    }


def _reach(above: str, ties: Sequence[Tie], least_bps: int) -> _Reached:
    """Return all that ``above`` decides for; what holds itself in a ring is reached once."""
    below: dict[str, list[Tie]] = {}
    for tie in ties:
        if tie.kind in CONTROLLING:
            below.setdefault(tie.held, []).append(tie)
    reached: _Reached = {above: ()}
    is_new = True
    while is_new:
        is_new = False
        for node, held in below.items():
            by = () if node in reached else _deciding(held, reached, least_bps)
            if by:
                reached[node] = by
                is_new = True
    return reached


def _deciding(held: Sequence[Tie], reached: _Reached, least_bps: int) -> tuple[Tie, ...]:
    """Return the ties by which those who are reached decide for a node, or none."""
    by = [tie for tie in held if tie.holder in reached]
    for tie in by:
        if tie.kind is not TieKind.SHAREHOLDING:
            return (tie,)
    return tuple(by) if sum(tie.share_bps or 0 for tie in by) >= least_bps else ()


def _way(node: str, reached: _Reached) -> tuple[Step, ...]:
    """Return the ties from above down to a node, each once."""
    waiting, seen, found = [node], {node}, list[Tie]()
    while waiting:
        for tie in reached[waiting.pop()]:
            found.append(tie)
            if tie.holder not in seen:
                seen.add(tie.holder)
                waiting.append(tie.holder)
    return tuple(_step(tie) for tie in reversed(found))


def _step(tie: Tie) -> Step:
    return Step(tie.holder_name, tie.kind, tie.held_name, tie.share_bps)
