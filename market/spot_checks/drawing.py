"""Say how cases and inspectors are drawn (双随机): from what, by which part of the seed.

The seed itself, and who is drawn instead of one who stands aside, is told by ``catalog/draws``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from catalog.audit_log.leaf import instant
from catalog.draws import seats
from catalog.kernel.draw import draw
from catalog.kernel.errors import Invalid, Refused
from catalog.signing.canonical import canonical, sha256_hex
from market.spot_checks.model import Commitment, Recusal

FORMAT: Final = "shushi/draw/1"
RECUSALS: Final = "spot_check_recusals"  # the digest's kind, in the entry that concludes
MIN_INSPECTORS: Final = 2  # 两人以上
POPULATION_MAX: Final = 100_000


class PlanIncomplete(Invalid):
    """A check has items, cases to draw from, and at least two inspectors to draw (RULES §6.4)."""

    code = "spot_check_plan_incomplete"


class NotAnInspector(Invalid):
    """Only open accounts of the authority that plans the check stand in its directory."""

    code = "not_an_inspector_account"


class PopulationTooLarge(Invalid):
    """More cases fall into the days than one draw is made from; none is left out silently."""

    code = "spot_check_population_too_large"


class NobodyLeftToDraw(Refused):
    """Every inspector of the directory was drawn or stood aside."""

    code = "no_inspector_left"


def population_sha256(population: Sequence[str]) -> str:
    """Return the digest of the list from which cases are drawn: sorted, a line each."""
    return sha256_hex("".join(f"{each}\n" for each in sorted(population)).encode())


def commitment_bytes(commitment: Commitment) -> bytes:
    """Return the canonical bytes whose digest is committed."""
    return canonical(commitment)


def recusals_sha256(recusals: Sequence[Recusal]) -> str:
    """Return the digest of who stood aside and who came instead, in order; not of their reasons."""
    told = [
        {"at": instant(each.at), "inspector": each.inspector, "replaced_by": each.replaced_by}
        for each in recusals
    ]
    return sha256_hex(canonical(told))


def check_plan(commitment: Commitment) -> None:
    """Return if the plan can be drawn.

    :raises PlanIncomplete: if items, cases or inspectors are missing; it says which.
    """
    missing = [
        name
        for name, is_missing in (
            ("items", not commitment.items or not all(i.strip() for i in commitment.items)),
            ("population", commitment.population_size < 1),
            ("sample_size", not 1 <= commitment.sample_size <= commitment.population_size),
            ("inspector_count", commitment.inspector_count < MIN_INSPECTORS),
            ("inspectors", len(set(commitment.inspectors)) < commitment.inspector_count),
        )
        if is_missing
    ]
    if missing:
        raise PlanIncomplete(missing=missing)


def check_directory(inspectors: Iterable[str], accounts: Iterable[str]) -> None:
    """Return if every inspector has an account of the authority (检查人员名录).

    :raises NotAnInspector: if one has not; it says which.
    """
    unknown = sorted(set(inspectors) - set(accounts))
    if unknown:
        raise NotAnInspector(accounts=unknown)


def check_population(size: int) -> None:
    """Return if so many cases can be drawn from.

    :raises PopulationTooLarge: if they are more than ``POPULATION_MAX``.
    """
    if size > POPULATION_MAX:
        raise PopulationTooLarge(maximum=POPULATION_MAX)


def draw_cases(seed: bytes, population: Sequence[str], count: int) -> tuple[str, ...]:
    """Return the cases that are checked (随机抽取检查对象)."""
    return draw(seed + b"cases", population, count)


def draw_inspectors(seed: bytes, directory: Sequence[str], count: int) -> tuple[str, ...]:
    """Return who checks them (随机选派检查人员)."""
    return draw(seed + b"inspectors", directory, count)


def redraw(
    seed: bytes, directory: Sequence[str], drawn: Sequence[str], recusals: Sequence[Recusal]
) -> str:
    """Return who takes the place of an inspector who stands aside.

    :raises NobodyLeftToDraw: if nobody is left.
    """
    found = seats.redrawn(seed, directory, drawn, [each.inspector for each in recusals])
    if found is None:
        raise NobodyLeftToDraw
    return found


def with_recusals(
    seed: bytes, commitment: Commitment, recusals: Sequence[Recusal]
) -> tuple[str, ...] | None:
    """Return the inspectors after every recusal was drawn again, None if one does not fit."""
    drawn = draw_inspectors(seed, commitment.inspectors, commitment.inspector_count)
    swaps = [(each.inspector, each.replaced_by) for each in recusals]
    return seats.after_recusals(seed, commitment.inspectors, drawn, swaps)
