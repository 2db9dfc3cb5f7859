"""Say what an instrument must say to be lodged, and who may verify it (法律文书的提交与核实).

It names a new holder if and only if it gives the rights to one; it is about one certificate, or one
application that waits for it; two people of the operator verify it, neither of whom lodged it.
"""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.instruments.model import Effect, Instrument
from catalog.kernel.errors import Forbidden, Invalid, Refused
from catalog.kernel.ids import AccountId, PartyId


class NewHolderContradictory(Invalid):
    """A new holder is named although the rights went to nobody, or not named although they did."""

    code = "instrument_new_holder_contradictory"


class InstrumentTargetUnclear(Invalid):
    """An instrument is about one certificate or about one application."""

    code = "instrument_target_unclear"


class InstrumentCorrectionContradictory(Invalid):
    """A correction is given although nothing is corrected, or the other way round."""

    code = "instrument_correction_contradictory"


class InstrumentFromTheFuture(Invalid):
    """An instrument was not issued yet, or is in force before it was issued."""

    code = "instrument_days_contradictory"


class SecondPersonRequired(Refused):
    """Whoever checked or lodged an instrument does not verify it too."""

    code = "second_person_required"


class NotChecked(Refused):
    """Nobody has checked the instrument yet; verifying is the second look."""

    code = "instrument_not_checked"


class NotTheNamedHolder(Forbidden):
    """The instrument gives the rights to somebody else."""

    code = "not_the_named_holder"


class NotForTheOperator(Refused):
    """The instrument names a new holder, who acts by itself (HN-19(b))."""

    code = "instrument_names_a_holder"


class NothingToTakeOver(Refused):
    """The instrument is about an application; whoever it names applies afresh."""

    code = "instrument_nothing_to_take_over"


def check_target(certificate_number: str | None, application_id: uuid.UUID | None) -> None:
    """Return if exactly one thing is named.

    :raises InstrumentTargetUnclear: if none or both are.
    """
    if (certificate_number is None) == (application_id is None):
        raise InstrumentTargetUnclear


def check_correction(effect: Effect, *, is_corrected: bool, is_certified: bool) -> None:
    """Return if a correction is given where, and only where, a certificate is to be corrected.

    :raises InstrumentCorrectionContradictory: if not.
    """
    is_needed = effect is Effect.CORRECTED
    if is_corrected != is_needed or (is_needed and not is_certified):
        raise InstrumentCorrectionContradictory


def check_content(
    *,
    effect: Effect,
    new_holder: PartyId | None,
    registrant: PartyId,
    issued_on: dt.date,
    effective_on: dt.date | None,
    today: dt.date,
) -> None:
    """Return if what is said of the instrument can be so.

    :raises NewHolderContradictory: if a new holder is named without need, missing, or the old one.
    :raises InstrumentFromTheFuture: if its days contradict each other.
    """
    if (effect is Effect.NEW_HOLDER) != (new_holder is not None) or new_holder == registrant:
        raise NewHolderContradictory
    is_early = effective_on is not None and effective_on < issued_on
    if issued_on > today or is_early:
        raise InstrumentFromTheFuture


def check_second_person(instrument: Instrument, account: AccountId | None) -> None:
    """Return if ``account`` may verify what somebody else checked and lodged.

    :raises NotChecked: if nobody checked it.
    :raises SecondPersonRequired: if it is the same person.
    """
    if instrument.checked_by is None:
        raise NotChecked
    if account in (instrument.checked_by, instrument.lodged_by):
        raise SecondPersonRequired


def check_holder(instrument: Instrument, party: PartyId) -> None:
    """Return if ``party`` is whom the instrument gives the rights to.

    :raises NotTheNamedHolder: if it is not.
    """
    if instrument.new_holder_party_id != party:
        raise NotTheNamedHolder


def check_for_operator(instrument: Instrument) -> None:
    """Return if the operator carries the instrument out, because it names no new holder.

    About an application there is nothing to take over: whoever is named applies afresh.

    :raises NotForTheOperator: if the new holder has to act.
    """
    if instrument.effect is Effect.NEW_HOLDER and instrument.certificate_number is not None:
        raise NotForTheOperator


def check_takeable(instrument: Instrument) -> None:
    """Return if there is a certificate that the named holder can take over.

    :raises NothingToTakeOver: if the instrument is about an application.
    """
    if instrument.certificate_number is None:
        raise NothingToTakeOver
