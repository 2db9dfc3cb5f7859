"""Say whether an agent may do something today, and why not (委托书的效力, HN-06)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from catalog.authorisation_letters.model import AuthorisationLetter, Power
from catalog.kernel.errors import Conflict, Forbidden, Invalid
from catalog.kernel.ids import PartyId


class AuthorisationLetterMissing(Forbidden):
    """An agent (代理机构) acts only with the principal's letter (委托书)."""

    code = "authorisation_letter_missing"


class AuthorisationLetterNotYetValid(Forbidden):
    """The letter counts from a later day on."""

    code = "authorisation_letter_not_yet_valid"


class AuthorisationLetterExpired(Forbidden):
    """The last day of the letter is over."""

    code = "authorisation_letter_expired"


class AuthorisationLetterRevoked(Forbidden):
    """The letter was revoked; from then on nothing is done under it."""

    code = "authorisation_letter_revoked"


class AuthorisationLetterOutOfScope(Forbidden):
    """The letter does not name this act, or is for another product."""

    code = "authorisation_letter_out_of_scope"


class LetterPowersMissing(Invalid):
    """A letter names each thing that it lets the agent do, once, and at least one."""

    code = "authorisation_letter_powers_missing"


class LetterPeriodInvalid(Invalid):
    """A letter ends on its first day or later, and not in the past."""

    code = "authorisation_letter_period_invalid"


class LetterToOneself(Invalid):
    """Nobody needs a letter to act for itself."""

    code = "authorisation_letter_to_oneself"


class LetterRevokedAlready(Conflict):
    """The letter was revoked before."""

    code = "authorisation_letter_revoked_already"


def check_new(
    *,
    principal: PartyId,
    agent: PartyId,
    powers: Sequence[Power],
    valid_from: dt.date,
    valid_to: dt.date,
    today: dt.date,
) -> None:
    """Return if a letter may be given like this.

    :raises LetterToOneself: if principal and agent are one.
    :raises LetterPowersMissing: if it names nothing, or something twice.
    :raises LetterPeriodInvalid: if it ends before it begins, or is over already.
    """
    if principal == agent:
        raise LetterToOneself
    if not powers or len(set(powers)) != len(powers):
        raise LetterPowersMissing
    if valid_to < valid_from or valid_to < today:
        raise LetterPeriodInvalid(valid_from=valid_from.isoformat(), valid_to=valid_to.isoformat())


def check_not_revoked(letter: AuthorisationLetter) -> None:
    """Return if the letter was not revoked.

    :raises LetterRevokedAlready: if it was.
    """
    if letter.revoked_at is not None:
        raise LetterRevokedAlready


def is_in_force(letter: AuthorisationLetter, on: dt.date) -> bool:
    """Tell whether ``letter`` counts on a day."""
    return letter.revoked_at is None and letter.valid_from <= on <= letter.valid_to


def covers(letter: AuthorisationLetter, power: Power, product_id: uuid.UUID) -> bool:
    """Tell whether ``letter`` lets the agent do this for this product, as long as it counts."""
    return power in letter.powers and letter.product_id in (None, product_id)


def find(
    letters: Iterable[AuthorisationLetter], *, power: Power, product_id: uuid.UUID, on: dt.date
) -> AuthorisationLetter | None:
    """Return the first letter that lets the agent do this for this product today, or None."""
    for letter in letters:
        if is_in_force(letter, on) and covers(letter, power, product_id):
            return letter
    return None


def require(
    letters: Iterable[AuthorisationLetter],
    *,
    power: Power,
    product_id: uuid.UUID,
    on: dt.date,
) -> AuthorisationLetter:
    """Return the letter under which an agent does this today; ``letters`` are all that it ever got.

    Of several reasons against it, that of the letter is told which would fit best.

    :raises AuthorisationLetterMissing: if there never was one.
    :raises AuthorisationLetterOutOfScope: if what counts today does not cover it.
    :raises AuthorisationLetterRevoked: if what covered it was revoked.
    :raises AuthorisationLetterExpired: if what covered it is over.
    :raises AuthorisationLetterNotYetValid: if what covers it begins later.
    """
    every = list(letters)
    found = find(every, power=power, product_id=product_id, on=on)
    if found is not None:
        return found
    if any(is_in_force(letter, on) for letter in every):
        raise AuthorisationLetterOutOfScope(power=power.value)
    fitting = [letter for letter in every if covers(letter, power, product_id)]
    raise why_none(fitting or every, on)


def check_any_in_force(letters: Iterable[AuthorisationLetter], on: dt.date) -> None:
    """Return if one of an agent's letters counts today.

    :raises AuthorisationLetterMissing: and the other reasons of ``why_none``, if none does.
    """
    every = list(letters)
    if not any(is_in_force(letter, on) for letter in every):
        raise why_none(every, on)


def why_none(letters: Iterable[AuthorisationLetter], on: dt.date) -> Forbidden:
    """Return why none of these letters counts today: what is said of the newest."""
    newest = max(letters, key=lambda letter: letter.granted_at, default=None)
    if newest is None:
        return AuthorisationLetterMissing()
    if newest.revoked_at is not None:
        return AuthorisationLetterRevoked(revoked_at=newest.revoked_at.isoformat())
    if on > newest.valid_to:
        return AuthorisationLetterExpired(valid_to=newest.valid_to.isoformat())
    return AuthorisationLetterNotYetValid(valid_from=newest.valid_from.isoformat())
