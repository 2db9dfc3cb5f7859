"""What lists and redacted copies leave out of a case: all that anybody wrote (HN-28, A49).

Each copy is made of a case whose every text is the same word. The fields in which the word is left are
named here one by one, so that a new field is seen by nobody until somebody decides that it may be.
"""

from __future__ import annotations

import msgspec
import pytest

from catalog.changes import redaction as changes
from catalog.changes.model import Change, ChangeFile
from catalog.instruments import redaction as instruments
from catalog.instruments.model import Instrument
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.ids import PartyId, new_id
from catalog.objections import redaction as objections
from catalog.objections.model import Objection
from catalog.registration import redaction as applications
from catalog.registration.model import Application, ApplicationFile
from tests.filled import WORD, filled, words_in

STRANGER = PartyId(new_id())


def by(party: PartyId | None, acting_for: PartyId | None = None) -> Actor:
    return Actor(
        None, party, "某人", frozenset(), frozenset(), Clearance.PARTY, acting_for=acting_for
    )


def test_a_copy_of_an_application_holds_numbers_digests_and_codes_only() -> None:
    copy = applications.redacted(filled(ApplicationFile))

    assert words_in(copy) == {
        "acceptance_opinions.overridden_targets",
        "application.application_number",
        "application.dossier_sha256",
        "application.rulebook",
        "authorisation.authorisation_number",
        "authorisation.authority",
        "authorisation.key_id",
        "authorisation.sha256",
        "authorisation.signature",
        "compliance_opinions.key_id",
        "compliance_opinions.sha256",
        "compliance_opinions.signature",
        "consents.content_sha256",
        "consents.file_sha256",
        "materials.sha256",
        "notifications.channel",
        "review_decisions.without_compliance_by",  # the rulebook that asks for no opinion
        "submissions.dossier_sha256",
        "technical_opinions.sha256",
    }
    assert {each.file_id for each in copy.materials} == {None}
    assert {each.file_id for each in copy.consents} == {None}


def test_a_copy_without_authorisation_or_waiver_has_none() -> None:
    file = msgspec.structs.replace(filled(ApplicationFile), authorisation=None, notice_waiver=None)

    copy = applications.redacted(file)

    assert (copy.authorisation, copy.notice_waiver) == (None, None)


def test_a_list_shows_an_application_whole_to_its_own_people_and_as_a_cover_to_others() -> None:
    application = filled(Application)
    (owner, *_) = application.form.owners
    own = application.applicant_party_id

    for viewer in (by(own), by(owner.party_id), by(STRANGER, acting_for=own)):
        assert applications.shown(application, viewer) is application
    for viewer in (by(STRANGER), by(None), by(own, acting_for=STRANGER)):
        assert words_in(applications.shown(application, viewer)) == {
            "application_number",
            "dossier_sha256",
            "rulebook",
        }


def test_a_copy_of_a_change_holds_numbers_and_digests_only() -> None:
    assert words_in(changes.redacted(filled(ChangeFile))) == {
        "change.certificate_number",
        "change.change_number",
        "change.dossier_sha256",
        "change.new_certificate_number",
        "change.rulebook",
        "papers.key_id",
        "papers.sha256",
        "papers.signature",
    }


def test_a_list_shows_a_change_whole_to_its_registrant_only() -> None:
    change = filled(Change)
    own = change.registrant_party_id

    assert changes.shown(change, by(own)) is change
    assert changes.shown(change, by(STRANGER, acting_for=own)) is change
    covered = changes.shown(change, by(STRANGER))
    assert change.reason == WORD
    assert (covered.reason, words_in(covered.wanted)) == ("", set())


def test_an_instrument_is_shown_whole_to_those_whom_it_concerns() -> None:
    instrument = filled(Instrument)
    concerned = (
        instrument.lodged_by_party_id,
        instrument.registrant_party_id,
        instrument.new_holder_party_id,
    )

    for party in concerned:
        assert instruments.shown(instrument, by(party)) is instrument
    assert words_in(instruments.shown(instrument, by(STRANGER))) == {
        "applied_as",
        "certificate_number",
        "file_sha256",
        "rulebook",
    }


@pytest.mark.parametrize("is_confidential", [False, True])
def test_the_other_side_of_an_objection_sees_what_is_secret_by_its_digest(
    is_confidential: bool,
) -> None:
    objection = filled(Objection)
    (evidence, *_) = objection.evidence
    evidence = msgspec.structs.replace(evidence, is_confidential=is_confidential)
    objection = msgspec.structs.replace(objection, evidence=(evidence,))

    (seen,) = objections.shown(objection, by(objection.registrant_party_id)).evidence

    assert seen.sha256 == evidence.sha256
    assert seen.file_name == ("" if is_confidential else WORD)


def test_an_objection_is_whole_to_who_filed_it_and_a_cover_to_others() -> None:
    objection = filled(Objection)

    assert objections.shown(objection, by(objection.objector_party_id)) is objection
    assert words_in(objections.shown(objection, by(STRANGER))) == {"certificate_number", "rulebook"}
