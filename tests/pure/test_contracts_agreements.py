"""An agreement is words and terms under one hash: neither can say what the other does not."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from catalog.kernel.ids import PartyId
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import KeyId, Signature
from market.contracts import document, templates
from market.contracts.model import (
    Agreement,
    AgreementId,
    AgreementNotInForce,
    AgreementOver,
    check_in_force,
)
from market.contracts.policy import ClausesChosen, PolicyAgreement, agreement_of
from market.contracts.states import Event, State, advance
from market.contracts.templates import TemplateKind
from tests.pure.test_contracts_policy import BUYER, NOW, SECOND, clauses, offer, refusal

NAMES = {"supplier": "供方公司", "buyer": "需方公司", "product": "港口气象"}


def agreed(**changes: Any) -> PolicyAgreement:
    return agreement_of(
        offer(**changes), agreement_id=uuid.UUID(int=11), assigner="urn:s", assignee=BUYER, now=NOW
    )


def of_kind(kind: TemplateKind) -> PolicyAgreement:
    template = templates.all_templates()[kind.value, 1]
    chosen = ClausesChosen(
        template=kind.value,
        version=1,
        parameters={name: f"〔{name}〕" for name in template.parameters},
    )
    return agreed(clauses=chosen)


@pytest.mark.parametrize("kind", TemplateKind)
def test_each_of_the_four_kinds_has_clauses_that_say_parties_price_and_end(
    kind: TemplateKind,
) -> None:
    text = templates.render(of_kind(kind), **NAMES)

    assert text.startswith(templates.all_templates()[kind.value, 1].title)
    assert "{" not in text
    for said in (*NAMES.values(), "370.35", "JGBA-2028-000001", "2029-02-28T15:59:59+00:00"):
        assert said in text
    for name in templates.all_templates()[kind.value, 1].parameters:
        assert f"〔{name}〕" in text
    for duty in ("provider_responsibility", "receiver_responsibility", "confidentiality"):
        assert duty in templates.all_templates()[kind.value, 1].parameters  # SIX-2


def test_a_version_that_was_agreed_on_is_never_changed() -> None:
    digests = {
        key: sha256_hex(msgspec.json.encode(template))[:16]
        for key, template in templates.all_templates().items()
    }

    assert digests == DIGESTS


def test_clauses_are_filled_in_and_nothing_else_is() -> None:
    unknown = ClausesChosen(template="lease", version=1, parameters={})
    newer = ClausesChosen(template="provision", version=2, parameters={})

    templates.check(clauses())
    for wrong in (unknown, newer):
        assert refusal(templates.check, wrong).code == "contract_template_unknown"
    found = refusal(templates.check, clauses(venue=None, rights=" ", surprise="x"))
    assert (found.code, found.facts) == (
        "clause_parameters_wrong",
        {"missing": ["rights", "venue"], "surplus": ["surprise"]},
    )


def test_what_is_filled_in_is_text_and_no_place_to_fill_in() -> None:
    text = templates.render(
        agreed(clauses=clauses(venue="{purpose} {0} {supplier.__class__}")), **NAMES
    )

    assert "{purpose} {0} {supplier.__class__}" in text


def test_words_and_terms_are_one_document_that_is_read_back_and_held_against_the_terms() -> None:
    terms = agreed()
    raw = document.write(terms, **NAMES)

    told = document.read(raw)

    assert told.terms == terms
    assert told.text == templates.render(terms, **NAMES)
    document.check(raw, terms)


def test_words_that_say_something_else_are_refused() -> None:
    terms = agreed()
    raw = document.write(terms, **NAMES)

    for other in (
        raw.replace(b"370.35", b"370.34", 1),
        raw.replace("需方公司".encode(), "需方集团".encode(), 1),
        raw.replace(b'"text":"', b'"text": "', 1),
        document.write(agreed(quantity=4), **NAMES),
    ):
        assert refusal(document.check, other, terms).code == "agreement_words_differ"
    for broken in (b"", b"{}", b"\xff", raw.replace(b"shushi/agreement/1", b"shushi/agreement/2")):
        assert refusal(document.check, broken, terms).code == "agreement_unreadable"


def agreement(**changes: Any) -> Agreement:
    signature = Signature(key_id=KeyId("k"), value=b"signed")
    made = Agreement(
        id=AgreementId(uuid.UUID(int=11)),
        buyer_party_id=PartyId(uuid.UUID(int=1)),
        supplier_party_id=PartyId(uuid.UUID(int=2)),
        product_id=uuid.UUID(int=6),
        state=State.IN_FORCE,
        document=b"",
        sha256="",
        buyer_signature=signature,
        supplier_signature=signature,
        ends_at=NOW + dt.timedelta(days=1),
        concluded_at=NOW,
        version=1,
        updated_at=NOW,
    )
    return replace(made, **changes)


def test_an_agreement_holds_until_its_last_second_and_not_after_it_was_ended() -> None:
    end = NOW + dt.timedelta(days=1)

    for holds in (State.IN_FORCE, State.ENDING):
        check_in_force(agreement(state=holds), end - SECOND)
        assert isinstance(refusal(check_in_force, agreement(state=holds), end), AgreementOver)
    for over in (State.TERMINATED, State.SUCCEEDED):
        found = refusal(check_in_force, agreement(state=over), NOW)
        assert isinstance(found, AgreementNotInForce)
        assert found.facts == {"state": over.value}


def test_an_end_takes_two_and_what_has_ended_is_neither_ended_nor_followed_again() -> None:
    assert advance(State.IN_FORCE, Event.PROPOSE_END) is State.ENDING
    assert advance(State.ENDING, Event.CONFIRM_END) is State.TERMINATED
    for state, event in ((State.IN_FORCE, Event.CONFIRM_END), (State.TERMINATED, Event.SUCCEED)):
        found = refusal(advance, state, event)
        assert found.code == "agreement_event_not_allowed"


def test_each_of_the_two_has_the_other() -> None:
    one, other = PartyId(uuid.UUID(int=1)), PartyId(uuid.UUID(int=2))

    assert (agreement().other(one), agreement().other(other)) == (other, one)


#: Of each version of each template, as it was when it was first offered.
DIGESTS = {
    ("provision", 1): "5bb8abcf6b0817b4",
    ("entrusted_processing", 1): "52447d59ae239749",
    ("fusion_development", 1): "3bef79da67c5a8b7",
    ("intermediary", 1): "cce56e174706f34a",
}
