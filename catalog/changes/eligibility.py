"""Say which certificate may be changed, and whether the change was told promptly (HN-18, A33)."""

from __future__ import annotations

import datetime as dt

from catalog.certificates.states import CertificateEventNotAllowed, State, advance
from catalog.certificates.states import Event as OfCertificate
from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.periods import Period, deadline
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.rulebook import Rulebook


class ChangeOnInactiveCertificate(Refused):
    """Only a certificate that counts can be changed."""

    code = "change_on_inactive_certificate"


class ChangePending(Conflict):
    """A change of the certificate is under way; there is one at a time."""

    code = "change_pending"


class AuthorisationNotNeeded(Refused):
    """The certificate's rulebook asks for no authorisation by the bureau."""

    code = "change_needs_no_authorisation"


class OccurredInTheFuture(Invalid):
    """What has not happened yet is not registered."""

    code = "change_occurred_in_the_future"


def check_active(number: str, state: State, event: OfCertificate) -> None:
    """Return if ``event`` of a change can happen to the certificate in ``state``.

    :raises ChangeOnInactiveCertificate: if not.
    """
    try:
        advance(state, event)
    except CertificateEventNotAllowed as error:
        raise ChangeOnInactiveCertificate(number=number, state=state.value) from error


def check_authorisable(rulebook: Rulebook) -> None:
    """Return if a change under ``rulebook`` is authorised by the bureau.

    :raises AuthorisationNotNeeded: if the registrar issues by itself.
    """
    if not rulebook.needs_authorisation:
        raise AuthorisationNotNeeded(rulebook=rulebook.code)


def prompt_until(
    occurred_on: dt.date, *, today: dt.date, period: Period, calendar: Calendar
) -> dt.date:
    """Return until when a change that happened on ``occurred_on`` is told promptly (及时).

    Late is no ground to decline it: the text gives no number and no consequence (A33).

    :raises OccurredInTheFuture: if it has not happened yet.
    """
    if occurred_on > today:
        raise OccurredInTheFuture(occurred_on=occurred_on.isoformat())
    return deadline(period, occurred_on, calendar).last_day
