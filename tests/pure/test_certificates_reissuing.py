"""How a certificate is corrected that is issued anew: no database."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.certificates import reissuing
from catalog.certificates.reissuing import (
    Corrected,
    CorrectionEmpty,
    CorrectionPeriodInvalid,
    OwnerCorrectionNotProvided,
)
from catalog.instruments import lodging
from catalog.instruments.lodging import InstrumentCorrectionContradictory
from catalog.instruments.model import Effect
from catalog.kernel.ids import PartyId, new_id
from catalog.objections import outcome
from catalog.objections.outcome import CorrectionUnfit, Outcome
from catalog.products.model import Form, Scenario
from catalog.registration.ownership import Owner, OwnerSharesNotOne
from tests.makers_products import make_description
from tests.pure.test_certificates_format import make_document

DOCUMENT = make_document(product_validity={"from": "2026-01-01", "to": "2026-12-31"})
FIRST, SECOND = PartyId(new_id()), PartyId(new_id())


def owner(party: PartyId, share: int = 1, of: int = 1, name: str = "示例公司") -> Owner:
    return Owner(party, name, "legal_person", share, of)


BOTH = (owner(FIRST, 2, 3), owner(SECOND, 1, 3, "另一公司"))
SCENARIO = Scenario("fairway", "航道")


@pytest.mark.parametrize(
    ("corrected", "changed"),
    [
        (Corrected(owners=BOTH), ("owners",)),
        (Corrected(product_name="更正"), ("product_name",)),
        (Corrected(product_form=Form.DATA_REPORT), ("product_form",)),
        (Corrected(scenarios=(SCENARIO,)), ("scenarios",)),
        (Corrected(valid_from=dt.date(2026, 2, 28)), ("product_validity",)),
        (
            Corrected(product_name="更正", valid_to=dt.date(2028, 2, 29)),
            ("product_name", "product_validity"),
        ),
    ],
)
def test_what_is_corrected_is_named(corrected: Corrected, changed: tuple[str, ...]) -> None:
    assert reissuing.check(DOCUMENT, corrected) == changed


@pytest.mark.parametrize(
    ("corrected", "refusal"),
    [
        (Corrected(), CorrectionEmpty),
        (Corrected(product_name=DOCUMENT.product_name), CorrectionEmpty),
        (Corrected(owners=(owner(FIRST, 1, 2),)), OwnerSharesNotOne),
        (Corrected(valid_to=dt.date(2025, 12, 31)), CorrectionPeriodInvalid),
    ],
)
def test_a_correction_that_says_nothing_or_can_not_be_is_refused(
    corrected: Corrected, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        reissuing.check(DOCUMENT, corrected)


def test_where_no_owner_may_be_corrected_the_rest_may() -> None:
    with pytest.raises(OwnerCorrectionNotProvided):
        reissuing.check(DOCUMENT, Corrected(owners=BOTH), owners_may_change=False)

    renamed = Corrected(product_name="更正")
    assert reissuing.check(DOCUMENT, renamed, owners_may_change=False) == ("product_name",)


def test_an_open_validity_stays_open() -> None:
    open_ended = make_document(product_validity={"update_cycle": "daily"})

    assert reissuing.check(open_ended, Corrected(product_name="更正")) == ("product_name",)


def test_what_is_left_out_stays_as_it_was() -> None:
    said = reissuing.restated(DOCUMENT, Corrected(product_name="更正"), {})

    assert said.pop("product_name") == "更正"
    assert said == {name: getattr(DOCUMENT, name) for name in said}


def test_the_registrant_stays_if_it_is_still_an_owner() -> None:
    assert reissuing.registrant(SECOND, Corrected(owners=BOTH)) == SECOND
    assert reissuing.registrant(PartyId(new_id()), Corrected(owners=BOTH)) == FIRST
    assert reissuing.registrant(SECOND, Corrected(product_name="更正")) == SECOND


def test_the_product_is_described_as_its_new_certificate_says() -> None:
    said = reissuing.applied(
        make_description(), Corrected(scenarios=(SCENARIO,), valid_to=dt.date(2028, 2, 29))
    )

    assert (said.scenarios, said.valid_to) == ((SCENARIO,), dt.date(2028, 2, 29))
    assert said.name == make_description().name


def test_a_digest_tells_one_correction_from_another() -> None:
    assert reissuing.digest(Corrected(owners=BOTH)) != reissuing.digest(
        Corrected(owners=BOTH[::-1])
    )


@pytest.mark.parametrize("decided", Outcome)
@pytest.mark.parametrize("is_corrected", [True, False])
def test_only_a_reissue_is_corrected_and_always(decided: Outcome, *, is_corrected: bool) -> None:
    if is_corrected == (decided is Outcome.REISSUE):
        outcome.check_correction(decided, is_corrected=is_corrected)
        return
    with pytest.raises(CorrectionUnfit):
        outcome.check_correction(decided, is_corrected=is_corrected)


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("is_corrected", [True, False])
@pytest.mark.parametrize("is_certified", [True, False])
def test_only_an_instrument_about_a_certificate_corrects_it(
    effect: Effect, *, is_corrected: bool, is_certified: bool
) -> None:
    fits = is_corrected == (effect is Effect.CORRECTED) and (is_certified or not is_corrected)
    if fits:
        lodging.check_correction(effect, is_corrected=is_corrected, is_certified=is_certified)
        return
    with pytest.raises(InstrumentCorrectionContradictory):
        lodging.check_correction(effect, is_corrected=is_corrected, is_certified=is_certified)
