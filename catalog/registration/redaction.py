"""Say what a list shows of an application, and what a redacted copy leaves out (脱敏, HN-28, A49).

A list is for finding a case: number, product, state, who handles it. What the applicant wrote, and
whom to call, is read in the case itself, which is remembered.
"""

from __future__ import annotations

import msgspec

from catalog.kernel.actor import Actor
from catalog.registration.model import Application, ApplicationFile, ApplicationForm


def cover(application: Application) -> Application:
    """Return what a list shows of an application to others than its own people (封面信息)."""
    return msgspec.structs.replace(application, form=ApplicationForm(), must_change=())


def shown(application: Application, viewer: Actor) -> Application:
    """Return what a list shows of an application: all of it to its own people."""
    party = viewer.acting_for or viewer.party_id
    named = application.form.consenting(application.applicant_party_id)
    is_own = party is not None and party in {
        application.applicant_party_id,
        *(each.party_id for each in named),
    }
    return application if is_own else cover(application)


def redacted(file: ApplicationFile) -> ApplicationFile:
    """Return a copy of a case for a regulator that does not delegate its operator (A49).

    What was decided, when and by which digest stands in it; what the applicant wrote, the files,
    the words of the opinions and the other applications that resemble it do not.
    """
    replace = msgspec.structs.replace
    authorisation, waiver = file.authorisation, file.notice_waiver
    return ApplicationFile(
        application=cover(file.application),
        materials=tuple(
            replace(each, file_id=None, not_applicable_reason=None) for each in file.materials
        ),
        submissions=tuple(replace(each, dossier={}, conflicts=()) for each in file.submissions),
        acceptance_opinions=tuple(
            replace(each, reasons=(), items=(), override_reason=None)
            for each in file.acceptance_opinions
        ),
        technical_opinions=tuple(replace(each, document=b"") for each in file.technical_opinions),
        compliance_opinions=tuple(replace(each, document=b"") for each in file.compliance_opinions),
        review_decisions=tuple(
            replace(each, grounds=(), reasons="") for each in file.review_decisions
        ),
        notifications=tuple(replace(each, receipt="") for each in file.notifications),
        material_requests=tuple(
            replace(each, items=(), reason="", answer=()) for each in file.material_requests
        ),
        authorisation=None if authorisation is None else replace(authorisation, document=b""),
        notice_id=file.notice_id,
        notice_waiver=None if waiver is None else replace(waiver, reason=""),
        consents=tuple(
            replace(each, file_id=None, withdrawal_reason=None) for each in file.consents
        ),
    )
