"""Hold a tie that is stated against what it says, and who says it (关系申报)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from catalog.kernel.errors import Conflict, Invalid, Refused
from market.affiliations.model import OF_PERSONS, Excerpt, Named, Stated, Tie, TieKind
from market.affiliations.relating import PERSON
from market.identity.identity_numbers import check_identity_number, keyed_hash
from market.identity.registering import check_name, check_uscc
from settlement.money import WHOLE


class TieEndUnnamed(Invalid):
    """An end of a tie is an organisation by its code or a person by its number, and not both."""

    code = "affiliation_end_unnamed"


class TieEndsUnfit(Invalid):
    """Such a tie is not between these two: kin are persons, and nobody holds a person or itself."""

    code = "affiliation_ends_unfit"


class TieShareUnfit(Invalid):
    """A shareholding says how much of the whole, and nothing else does."""

    code = "affiliation_share_unfit"


class TieDatesUnfit(Invalid):
    """The last day lies before the first, or an end before what it ends."""

    code = "affiliation_dates_unfit"


class TieBasisMissing(Invalid):
    """Nothing says by what it is known: articles, a register, a contract."""

    code = "affiliation_basis_missing"


class TieNotOwn(Refused):
    """A party states what stands above itself, and not what is between others."""

    code = "affiliation_not_own"


class TieStatedBefore(Conflict):
    """The same tie of the same two, stated by the same party, stands already."""

    code = "affiliation_stated_before"


class TieEndedBefore(Refused):
    """Somebody said before until when it stands."""

    code = "affiliation_ended_before"


class TieEndBackdated(Refused):
    """A party does not say afterwards that it was not tied any more."""

    code = "affiliation_end_backdated"


class ExcerptUnfit(Invalid):
    """An excerpt tells of one organisation, and of no more than the whole of it."""

    code = "affiliation_excerpt_unfit"


def node_of(named: Named, identity_key: bytes) -> str:
    """Return the node of an organisation or a person; an id number is kept as its keyed hash.

    :raises TieEndUnnamed: if neither code nor number is given, or both.
    :raises UsccMalformed: if the code is none.
    :raises IdentityNumberMalformed: if the number is none.
    :raises NameMalformed: if the name is blank or has control characters.
    """
    check_name(named.name)
    if (named.uscc is None) is (named.identity_number is None):
        raise TieEndUnnamed
    if named.uscc is not None:
        return f"uscc:{check_uscc(named.uscc)}"
    assert named.identity_number is not None, "one of the two is there"
    number = check_identity_number(named.identity_number)
    return PERSON + keyed_hash(identity_key, number).hex()


def check(stated: Stated, holder: str, held: str) -> None:
    """Return if a tie says what such a tie says.

    :raises TieEndsUnfit: if it is not between such two.
    :raises TieShareUnfit: if a shareholding says no share, or something else does.
    :raises TieDatesUnfit: if its last day lies before its first.
    :raises TieBasisMissing: if nothing says by what it is known.
    """
    are_persons = (holder.startswith(PERSON), held.startswith(PERSON))
    if stated.kind in OF_PERSONS:
        fits = all(are_persons)
    elif stated.kind is TieKind.LEGAL_REPRESENTATIVE:
        fits = are_persons == (True, False)
    else:
        fits = not are_persons[1]
    if not fits or holder == held:
        raise TieEndsUnfit(tie=stated.kind.value)
    if (stated.kind is TieKind.SHAREHOLDING) is (stated.share_bps is None):
        raise TieShareUnfit(tie=stated.kind.value)
    if stated.valid_until is not None and stated.valid_until < stated.valid_from:
        raise TieDatesUnfit
    if not stated.basis.strip():
        raise TieBasisMissing


def check_own(holder: str, held: str, own: str, stated: Iterable[Tie]) -> None:
    """Return if a tie touches the party that states it, or what it stated itself before.

    :raises TieNotOwn: if it is between others.
    """
    known = {own}
    for tie in stated:
        known |= {tie.holder, tie.held}
    if not known & {holder, held}:
        raise TieNotOwn


def check_new(tie: Tie, stated: Collection[Tie]) -> None:
    """Return if the same party has not stated the same of the same two for a day of it.

    :raises TieStatedBefore: if it has; what changed is ended first.
    """
    for each in stated:
        is_same = (each.kind, each.holder, each.held) == (tie.kind, tie.holder, tie.held)
        if is_same and _meet(each, tie):
            raise TieStatedBefore(id=str(each.id))


def check_end(tie: Tie, last_day: dt.date, *, today: dt.date, may_backdate: bool) -> None:
    """Return if a tie may be said to stand until a day.

    :raises TieEndedBefore: if that was said before.
    :raises TieDatesUnfit: if the day lies before its first.
    :raises TieEndBackdated: if it is over, and who says so states its own ties.
    """
    if tie.ended_at is not None:
        raise TieEndedBefore
    if last_day < tie.valid_from:
        raise TieDatesUnfit
    if last_day < today and not may_backdate:
        raise TieEndBackdated


def check_excerpt(excerpt: Excerpt, organisation: str, held: Iterable[str]) -> None:
    """Return if an excerpt tells of one organisation, and of no more than the whole of it.

    :raises ExcerptUnfit: if it does not.
    """
    shares = sum(each.share_bps or 0 for each in excerpt.ties)
    if set(held) - {organisation} or shares > WHOLE:
        raise ExcerptUnfit(share_bps=shares)


def _meet(one: Tie, other: Tie) -> bool:
    """Tell whether two ties stand on one day both."""
    last = dt.date.max
    return one.valid_from <= (other.valid_until or last) and other.valid_from <= (
        one.valid_until or last
    )
