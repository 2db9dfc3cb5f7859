"""Which prices may stand beside each other, what a laid-down ceiling forbids, what a receipt says."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

import msgspec
import pytest

from catalog.kernel.ids import PartyId
from catalog.products.model import MeteringUnit
from catalog.signing.canonical import canonical
from catalog.signing.purposes import Purpose
from catalog.signing.verifier import fault_of
from market.pricing import ceilings, deadlines, filing, periods, receipts, states
from market.pricing.model import (
    Basis,
    BasisMethod,
    Ceiling,
    Filing,
    FilingId,
    PriceItem,
    Regime,
    Terms,
    UseCategory,
)
from market.pricing.states import Event, State
from tests.log_of_tests import signer_of
from tests.pure.test_pricing import DAY, NOW, make_ceiling, make_item, make_terms, refused

DAYS = [DAY + dt.timedelta(days=n) for n in range(4)]


def make(state: State = State.RECORDED, **changes: Any) -> Filing:
    return Filing(
        id=FilingId(uuid.UUID(int=7)),
        state=state,
        supplier_party_id=PartyId(uuid.UUID(int=4)),
        product_id=uuid.UUID(int=3),
        terms=make_terms(product_id=uuid.UUID(int=3), **changes),
        version=1,
        created_at=NOW,
        updated_at=NOW,
        filing_number="JGBA-2026-000001",
        filed_at=NOW,
        recorded_at=NOW,
        record_sha256="ab" * 32,
    )


def check(terms: Terms, *others: Filing) -> None:
    periods.check(terms, others, DAY)


@pytest.mark.parametrize("state", State)
def test_a_later_price_takes_the_place_of_one_in_effect_whatever_became_of_it(state: State) -> None:
    other = make(state, effective_from=DAYS[0])

    check(make_terms(effective_from=DAYS[1]), other)
    if state is State.RECORDED:  # it begins today as well: nobody knows which holds
        assert refused(check, make_terms(), other) == "filing_periods_overlap"
    else:
        check(make_terms(), other)


@pytest.mark.parametrize(
    ("first", "last", "begins", "overlaps"),
    [
        (first, last, begins, first <= begins and (last is None or begins <= last))
        for first, last, begins in itertools.product(DAYS[:3], [None, DAYS[2], DAYS[3]], DAYS)
    ],
)
def test_a_price_never_runs_into_the_first_day_of_another_on_record(
    first: dt.date, last: dt.date | None, begins: dt.date, *, overlaps: bool
) -> None:
    terms = make_terms(effective_from=first, effective_to=last)
    other = make(effective_from=begins)

    if overlaps:
        assert refused(check, terms, other) == "filing_periods_overlap"
    else:
        check(terms, other)


def test_prices_that_begin_in_the_past_begin_today() -> None:
    past = make_terms(effective_from=DAY - dt.timedelta(days=9), effective_to=DAY)

    check(past, make(effective_from=DAY - dt.timedelta(days=1)))
    assert refused(check, past, make(effective_from=DAY)) == "filing_periods_overlap"


def test_another_scenario_or_use_has_prices_of_its_own() -> None:
    terms = make_terms(scenarios=("b",))

    check(terms, make(scenarios=("a",)))
    check(make_terms(), make(use_category=UseCategory.PUBLIC_WELFARE))


def test_a_price_takes_the_place_of_another_in_all_its_scenarios_or_in_none() -> None:
    wide = make(State.EFFECTIVE, scenarios=("a", "b"))

    assert refused(check, make_terms(scenarios=("a",)), wide) == "filing_scenarios_split"
    check(make_terms(scenarios=("a", "b", "c")), wide)


def lay_down(**changes: Any) -> Ceiling:
    values: dict[str, Any] = {
        "id": uuid.UUID(int=1),
        "product_id": uuid.UUID(int=3),
        "unit": MeteringUnit.API_CALL,
        "amount_fen": 100,
        "document_number": "琼发改价〔2026〕1号",
        "authority": "海南省发展和改革委员会",
        "valid_from": DAY,
        "valid_to": None,
        "is_trial": False,
        "laid_down_at": NOW,
    }
    return Ceiling(**(values | changes))


def guided(*items: PriceItem) -> Terms:
    return make_terms(
        pricing_regime=Regime.GOVERNMENT_GUIDED,
        ceiling=make_ceiling(amount_fen=10**9),
        price_items=items or (make_item(),),
    )


TOMORROW = DAY + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("laid_down", "code"),
    [
        ((), None),  # the one that the filing names holds
        ((lay_down(),), None),
        ((lay_down(amount_fen=99),), "price_above_ceiling"),
        ((lay_down(), lay_down(amount_fen=99)), "price_above_ceiling"),
        ((lay_down(amount_fen=99), lay_down()), None),
        ((lay_down(), lay_down(amount_fen=99, valid_from=TOMORROW)), None),
        (
            (
                lay_down(amount_fen=99, valid_from=DAY),
                lay_down(valid_from=DAYS[0] - DAY.resolution),
            ),
            "price_above_ceiling",
        ),
        ((lay_down(unit=MeteringUnit.FILE),), "guided_price_reference_missing"),
        ((lay_down(valid_from=TOMORROW),), "guided_price_reference_missing"),
        (
            (lay_down(valid_from=DAY - DAY.resolution, valid_to=DAY - DAY.resolution),),
            "guided_price_reference_missing",
        ),
    ],
)
def test_the_ceiling_that_was_laid_down_last_is_the_limit_whatever_the_filing_names(
    laid_down: tuple[Ceiling, ...], code: str | None
) -> None:
    assert ceilings.fault(guided(), DAY, laid_down) == code


def test_each_unit_has_a_ceiling_of_its_own() -> None:
    by_file = make_item(code="file", unit=MeteringUnit.FILE, unit_price_fen=900)
    both = (lay_down(), lay_down(unit=MeteringUnit.FILE, amount_fen=900))

    assert ceilings.fault(guided(make_item(), by_file), DAY, both) is None
    assert ceilings.fault(make_terms(), DAY, both) is None  # what is not guided has no ceiling


def test_a_ceiling_names_its_document_and_ends_after_it_begins() -> None:
    ceilings.check_decided(make_ceiling(valid_to=DAY))

    nameless = make_ceiling(document_number=" ")
    assert refused(ceilings.check_decided, nameless) == "guided_price_reference_missing"
    ended = make_ceiling(valid_to=DAY - DAY.resolution)
    assert refused(ceilings.check_decided, ended) == "ceiling_period_invalid"


def test_a_receipt_is_proven_by_the_public_key_alone() -> None:
    signer = signer_of(Purpose.STATEMENT)
    receipt = receipts.signed(make(), signer)
    public = signer.public_key

    def fault(document: bytes) -> object:
        return fault_of(
            receipt.signature,
            algorithm=receipt.signature.algorithm,
            public_key=public,
            purpose=Purpose.STATEMENT,
            document=document,
        )

    told = msgspec.json.decode(receipt.document)
    assert fault(receipt.document) is None
    assert fault(receipt.document.replace(b"JGBA-2026-000001", b"JGBA-2026-000002")) is not None
    assert (told["filing_number"], told["record_sha256"]) == ("JGBA-2026-000001", "ab" * 32)
    assert "备案不是审批" in told["said"]


def test_a_first_edition_is_written_as_it_always_was_and_a_later_one_names_the_one_before() -> None:
    first = make()
    second = msgspec.structs.replace(first, edition=2, amends=FilingId(uuid.UUID(int=6)))

    assert receipts.record_of(first) == canonical(
        {"format": "shushi/pricing-filing/1", "id": first.id, "terms": first.terms}
    )
    assert msgspec.json.decode(receipts.record_of(second))["amends"] == str(uuid.UUID(int=6))


def test_the_clocks_of_a_filing_are_ours_and_say_so() -> None:
    clocks = (deadlines.FILED_WITHIN, deadlines.RECORDED_WITHIN, deadlines.REPLIED_WITHIN)

    assert [(clock.length, clock.source) for clock in clocks] == [
        (10, "[P]"),
        (5, "[P]"),
        (10, "[P]"),
    ]


def test_what_can_happen_to_a_filing_can_be_asked() -> None:
    assert states.allows(State.FILED, Event.REJECT_OVER_CEILING)
    assert not states.allows(State.DRAFT, Event.REJECT_OVER_CEILING)


def test_each_attached_file_has_its_digest_among_the_documents() -> None:
    basis = Basis(method=BasisMethod.COST, document_sha256s=("ab" * 32,))

    filing.check_attachments(basis, ["ab" * 32])
    filing.check_attachments(None, [])
    for given, sha256s, places in (
        (basis, ["ab" * 32, "cd" * 32], ["/basis/attachments/1"]),
        (None, ["ab" * 32], ["/basis/attachments/0"]),
    ):
        with pytest.raises(filing.AttachmentUndeclared) as error:
            filing.check_attachments(given, sha256s)
        assert [each.pointer for each in error.value.errors] == places
