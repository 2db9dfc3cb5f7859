"""Say what an incident needs before it goes on: words, a receipt, and who is told (HN-22(a))."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Final

from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.ids import PartyId
from market.incidents.model import Incident, IncidentReportDocument

TYPE: Final = "shushi/incident-report/v1"
#: So often within so long one account asks in vain for what it must not know before it is an
#: incident [P]: a wrong link is followed a few times, a search through other people's cases is not.
DENIED_READINGS: Final = 10
DENIED_WITHIN: Final = dt.timedelta(hours=1)

#: So far back uses after a withdrawal are looked for; one incident for an order and day [P].
WITHDRAWN_USE_WITHIN: Final = dt.timedelta(hours=1)


class IncidentTextMissing(Invalid):
    """What was found, done or concluded is said in words."""

    code = "incident_text_missing"


class AffectedMissing(Invalid):
    """Those who are harmed are named, or it is said why there are none."""

    code = "incident_affected_missing"


class IncidentNotReported(Refused):
    """The authority has not given its receipt for the report (HN-22(a))."""

    code = "incident_not_reported"


class IncidentAcknowledgedAlready(Conflict):
    """The authority gave its receipt before."""

    code = "incident_acknowledged_already"


def check_text(text: str) -> None:
    """Return if something is said.

    :raises IncidentTextMissing: if not.
    """
    if not text.strip():
        raise IncidentTextMissing


def check_affected(parties: Collection[PartyId], remark: str) -> None:
    """Return if those who are harmed are named, or it is said why there are none.

    :raises AffectedMissing: if neither.
    """
    if not parties and not remark.strip():
        raise AffectedMissing


def check_receipt(incident: Incident) -> None:
    """Return if the authority gave its receipt.

    :raises IncidentNotReported: if it did not.
    """
    if incident.receipt_at is None:
        raise IncidentNotReported


def check_no_receipt(incident: Incident) -> None:
    """Return if the authority gave no receipt yet.

    :raises IncidentAcknowledgedAlready: if it did.
    """
    if incident.receipt_at is not None:
        raise IncidentAcknowledgedAlready


def document(incident: Incident, *, authority: PartyId, now: dt.datetime) -> IncidentReportDocument:
    """Return the report on a contained incident, as it is to be signed."""
    assert incident.harmed_interest is not None, "an incident was triaged before it was contained"
    return IncidentReportDocument(
        type=TYPE,
        incident_id=incident.id,
        operator_party_id=incident.operator_party_id,
        authority_party_id=authority,
        source=incident.source,
        law_field=incident.law_field,
        harmed_interest=incident.harmed_interest,
        description=incident.description,
        detected_at=incident.detected_at.isoformat(),
        evidence=incident.evidence,
        measures=tuple(measure.text for measure in incident.measures),
        reported_at=now.isoformat(),
    )
