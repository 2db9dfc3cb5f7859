"""Whatever a policy says has an evaluator, or it is refused; the price is a duty, and the filed one.

The complaints of others that these tests answer: tractusx-edc #616 and EDC #4423 (a constraint that is
not known was left out and not refused; #4428), EDC #4370 (nested constraints were taken although nobody
evaluates them), tractusx-edc #2089 (evaluators that always say yes), EDC #4482 and w3c/odrl #59 (a
price in a policy, and one that changes beside it), w3c/odrl #148 (a share instead of a price).
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId
from catalog.products.model import DeliveryMode, MeteringUnit
from market.access.rates import Limits, Per, Rate
from market.contracts import buying, constraints, limits, policy, price_duty, templates, terms
from market.contracts.constraints import OPERANDS, Use
from market.contracts.policy import (
    OWN,
    ClausesChosen,
    PolicyConstraint,
    PolicyOffer,
    PolicyRule,
    Relation,
    Succession,
)
from market.contracts.terms import TermsWanted
from market.pricing.model import (
    Charge,
    Filing,
    FilingId,
    PriceItem,
    Terms,
    UseCategory,
    UseScope,
)
from market.pricing.states import State as FilingState

NOW = dt.datetime(2028, 2, 29, 15, 59, 59, tzinfo=dt.UTC)
YEAR = NOW + dt.timedelta(days=365)
BUYER = uuid.UUID(int=5).urn
PRODUCT = uuid.UUID(int=6)
SECOND = dt.timedelta(seconds=1)


def filing(**changes: Any) -> Filing:
    made = Filing(
        id=FilingId(uuid.UUID(int=7)),
        state=FilingState.EFFECTIVE,
        supplier_party_id=PartyId(uuid.UUID(int=8)),
        product_id=PRODUCT,
        terms=Terms(
            product_id=PRODUCT,
            price_items=(
                PriceItem(
                    code="per_call",
                    charge=Charge.PER_UNIT,
                    unit=MeteringUnit.API_CALL,
                    unit_price_fen=12_345,
                ),
                PriceItem(
                    code="forever",
                    charge=Charge.ONE_OFF,
                    unit=MeteringUnit.FILE,
                    unit_price_fen=1_000_000,
                ),
            ),
            scenarios=("port_safety", "typhoon"),
            delivery_modes=(DeliveryMode.API_CALL, DeliveryMode.SANDBOX),
            use_scope=UseScope(audience="港航企业", regions=("海南",)),
            effective_from=NOW.date(),
        ),
        version=3,
        created_at=NOW,
        updated_at=NOW,
        filing_number="JGBA-2028-000001",
        record_sha256="ab" * 32,
    )
    return replace(made, **changes)


def wanted(**changes: Any) -> TermsWanted:
    made = TermsWanted(
        price_item="per_call",
        quantity=3,
        purpose="停工判断",
        scenario="port_safety",
        delivery_mode=DeliveryMode.API_CALL,
        ends_at=YEAR,
        valid_until=NOW + dt.timedelta(days=7),
        clauses=clauses(),
    )
    return replace(made, **changes)


def clauses(**changes: str | None) -> ClausesChosen:
    """Return the clauses of a provision, filled in; None leaves one out."""
    template = templates.all_templates()["provision", 1]
    given = dict.fromkeys(template.parameters, "依法承担。") | changes
    return ClausesChosen(
        template="provision",
        version=1,
        parameters={name: text for name, text in given.items() if text is not None},
    )


def offer(of: Filing | None = None, **changes: Any) -> PolicyOffer:
    return terms.write(
        wanted(**changes),
        of or filing(),
        offer_id=uuid.UUID(int=9),
        target=PRODUCT.urn,
        recipient=BUYER,
    )


def use(**changes: Any) -> Use:
    made = Use(
        at=NOW,
        purpose="停工判断",
        scenario="port_safety",
        mode=DeliveryMode.API_CALL,
        recipient=BUYER,
        is_cross_border=False,
    )
    return replace(made, **changes)


def held(*given: PolicyConstraint, **changes: Any) -> PolicyOffer:
    """Return an offer with these constraints and no others."""
    return replace(offer(), permission=(PolicyRule("use", given),), **changes)


def wire(value: Any) -> Any:
    """Return what a reader of the JSON gets."""
    return msgspec.json.decode(msgspec.json.encode(value))


def refusal(call: Any, *args: Any, **kwargs: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        call(*args, **kwargs)
    return refused.value


# ── in the protocol's form and back ─────────────────────────────────────────────────────────────


def test_an_offer_is_written_as_the_protocol_has_it() -> None:
    told = wire(offer(use_category=UseCategory.SECTOR_DEVELOPMENT))

    assert told["@type"] == "Offer"
    assert told["@id"] == "urn:uuid:00000000-0000-0000-0000-000000000009"
    assert told["target"] == PRODUCT.urn
    assert told["prohibition"] == [{"action": "distribute"}]
    assert [rule["action"] for rule in told["obligation"]] == ["compensate", "delete"]
    (permission,) = told["permission"]
    assert permission["action"] == "use"
    assert all(
        set(constraint) == {"leftOperand", "operator", "rightOperand"}
        for constraint in permission["constraint"]
    )
    assert not any("target" in rule for rule in told["permission"] + told["obligation"])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"regions": ("海南", "广东"), "fields": ("berth",), "is_cross_border": True},
        {"onward_use": True, "destroys_at_end": False},
        {"price_item": "forever", "quantity": 1},
        {"succeeds": Succession(uuid.UUID(int=3).urn, Relation.AMENDS)},
    ],
)
def test_an_offer_read_back_is_the_offer(changes: dict[str, Any]) -> None:
    made = offer(**changes)

    assert policy.read(wire(made)) == made
    constraints.check_known(made)


def test_an_agreement_has_the_terms_of_the_offer_and_no_others() -> None:
    made = offer()
    agreed = policy.agreement_of(
        made,
        agreement_id=uuid.UUID(int=10),
        assigner="urn:s",
        assignee=BUYER,
        now=NOW.replace(microsecond=7),
    )

    assert policy.terms_sha256(agreed) == policy.terms_sha256(made)
    assert policy.terms_sha256(offer(quantity=4)) != policy.terms_sha256(made)
    assert agreed.timestamp == NOW
    assert policy.read(wire(agreed)) == agreed


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"permission": 1},
        {"permission": [1]},
        {"permission": [{"action": "use", "constraint": 7}]},
        {"permission": [{"action": "use", "constraint": [7]}]},
        {"surprise": True},
        {"@type": "Set"},
        {"permission": [{"action": "use", "duty": []}]},
    ],
)
def test_what_is_no_policy_is_refused(broken: dict[str, Any] | None) -> None:
    told = wire(offer())
    given = None if broken is None else {} if broken == {} else told | broken

    assert isinstance(refusal(policy.read, given), policy.PolicyUnreadable)


@pytest.mark.parametrize("nested", policy.LOGICAL)
def test_nested_constraints_are_refused_by_name(nested: str) -> None:
    told = wire(offer())
    told["permission"][0]["constraint"].append(
        {nested: [{"leftOperand": "count", "operator": "lteq", "rightOperand": "1"}]}
    )

    found = refusal(policy.read, told)

    assert (found.code, found.facts) == (
        "constraint_unknown",
        {"left_operand": nested, "operator": ""},
    )


# ── every constraint has an evaluator ───────────────────────────────────────────────────────────

# operand, operator, value, a use that meets it, uses that do not
MET = [
    ("purpose", "eq", "停工判断", {}, [{"purpose": "营销"}, {"purpose": None}]),
    ("purpose", "isAnyOf", ("停工判断", "x"), {}, [{"purpose": "y"}]),
    (f"{OWN}scenario", "eq", "port_safety", {}, [{"scenario": "typhoon"}, {"scenario": None}]),
    (
        f"{OWN}useCategory",
        "eq",
        "public_welfare",
        {"use_category": UseCategory.PUBLIC_WELFARE},
        [{}, {"use_category": UseCategory.SECTOR_DEVELOPMENT}],
    ),
    ("deliveryChannel", "eq", "api_call", {}, [{"mode": DeliveryMode.SANDBOX}, {"mode": None}]),
    ("spatial", "isAnyOf", ("海南", "广东"), {"region": "海南"}, [{}, {"region": "北京"}]),
    ("recipient", "eq", BUYER, {}, [{"recipient": "urn:else"}, {"recipient": None}]),
    ("dateTime", "lt", "2028-02-29T16:00:00Z", {}, [{"at": NOW + SECOND}]),
    ("dateTime", "lteq", "2028-02-29T15:59:59Z", {}, [{"at": NOW + SECOND}]),
    ("dateTime", "gt", "2028-02-29T15:59:58Z", {}, [{"at": NOW - SECOND}]),
    ("dateTime", "gteq", "2028-02-29T23:59:59+08:00", {}, [{"at": NOW - SECOND}]),
    ("count", "lteq", "3", {"used_before": 2}, [{"used_before": 3}, {"uses": 4}]),
    ("count", "lt", "3", {"used_before": 1}, [{"used_before": 2}]),
    *(
        (f"{OWN}{name}", "lteq", "3", {"used_lately": {per: 2}}, [
            {}, {"used_lately": {per: 3}}, {"used_lately": {per: 0}, "at_once": 4},
        ])
        for name, per in (
            ("usesPerMinute", Per.MINUTE), ("usesPerHour", Per.HOUR), ("usesPerDay", Per.DAY),
        )
    ),
    (f"{OWN}rowsPerAnswer", "lteq", "1000", {"rows": 1000}, [{"rows": 1001}, {"rows": None}]),
    (f"{OWN}field", "isAnyOf", ("a", "b"), {"fields": ("b",)}, [{"fields": ("b", "c")}]),
    (f"{OWN}field", "eq", "a", {}, [{"fields": ("c",)}]),
    (f"{OWN}crossBorder", "eq", "false", {}, [{"is_cross_border": True}, {"is_cross_border": None}]),
    (f"{OWN}crossBorder", "eq", "true", {"is_cross_border": True}, [{"is_cross_border": None}]),
]  # fmt: skip


@pytest.mark.parametrize(("left", "operator", "right", "good", "bad"), MET, ids=str)
def test_a_constraint_is_met_by_what_it_names_and_by_nothing_else(
    left: str, operator: str, right: Any, good: dict[str, Any], bad: list[dict[str, Any]]
) -> None:
    policy_ = held(PolicyConstraint(left, operator, right))

    constraints.check_known(policy_)
    constraints.check_use(policy_, use(**good))
    for other in bad:
        found = refusal(constraints.check_use, policy_, use(**other))
        assert (found.code, found.facts) == ("agreed_terms_not_met", {"operands": [left]})


def test_every_operand_and_each_of_its_operators_is_tested_above() -> None:
    tested = {(left, operator) for left, operator, *_ in MET}
    named = {(left, operator) for left in OPERANDS for operator in OPERANDS[left].operators}
    same_as_eq = {
        (left, "isAnyOf")
        for left in OPERANDS
        if OPERANDS[left].operators == frozenset({"eq", "isAnyOf"})
    }

    assert named - tested - same_as_eq <= {("spatial", "eq")}
    assert tested <= named


@pytest.mark.parametrize(
    "unknown",
    [
        PolicyConstraint("https://w3id.org/edc/v0.0.1/ns/inForceDate", "gteq", "contractAgreement+0s"),
        PolicyConstraint("elapsedTime", "lteq", "P1D"),
        PolicyConstraint("purpose", "neq", "x"),
        PolicyConstraint("purpose", "eq", ("x",)),
        PolicyConstraint("purpose", "isAnyOf", ()),
        PolicyConstraint("purpose", "eq", " "),
        PolicyConstraint("dateTime", "lt", "2028-02-29"),
        PolicyConstraint("dateTime", "lt", "2028-02-29T00:00:00"),
        PolicyConstraint("dateTime", "lt", "tomorrow"),
        PolicyConstraint("count", "lteq", "-1"),
        PolicyConstraint("count", "lteq", "1.5"),
        PolicyConstraint("count", "lteq", "12345678901"),
        PolicyConstraint("count", "lteq", "٣"),
        PolicyConstraint("deliveryChannel", "eq", "by_pigeon"),
        PolicyConstraint(f"{OWN}usesPerMinute", "lteq", "0"),
        PolicyConstraint(f"{OWN}usesPerMinute", "lt", "5"),
        PolicyConstraint(f"{OWN}usesPerMonth", "lteq", "5"),
        PolicyConstraint(f"{OWN}rowsPerAnswer", "lteq", "1000000001"),
        PolicyConstraint(f"{OWN}useCategory", "eq", "fun"),
        PolicyConstraint(f"{OWN}crossBorder", "eq", "perhaps"),
    ],
    ids=str,
)  # fmt: skip
def test_a_constraint_without_an_evaluator_is_refused_before_and_never_taken_as_met(
    unknown: PolicyConstraint,
) -> None:
    policy_ = held(PolicyConstraint("count", "lteq", "9"), unknown)
    facts = {"left_operand": unknown.left_operand, "operator": unknown.operator}

    for found in (
        refusal(constraints.check_known, policy_),
        refusal(constraints.check_use, policy_, use()),
    ):
        assert (found.code, found.facts) == ("constraint_unknown", facts)


def test_limits_of_use_are_constraints_and_stand_in_the_contract_in_words() -> None:
    plain = offer()
    limited = offer(uses_per_minute=60, uses_per_day=1_000, rows_per_answer=500)

    told = policy.read(wire(limited))
    assert limits.read(told) == Limits(
        rates=(Rate(Per.MINUTE, 60), Rate(Per.DAY, 1_000)), rows_per_answer=500
    )
    names = {"supplier": "甲", "buyer": "乙", "product": "丙"}
    before, words = templates.render(plain, **names), templates.render(limited, **names)
    assert words.startswith(before.rstrip("\n"))
    assert words[len(before) :].strip().splitlines() == [
        "第11条 使用限额",
        "每分钟最多使用60次；每个自然日最多使用1000次；单次结果最多500行，行数不明的不予提供。超出的请求不予提供，不计费，并记入使用记录。",
    ]


def test_of_two_limits_of_a_kind_the_least_counts() -> None:
    held_to = held(
        PolicyConstraint(f"{OWN}usesPerHour", "lteq", "9"),
        PolicyConstraint(f"{OWN}usesPerHour", "lteq", "4"),
        PolicyConstraint(f"{OWN}rowsPerAnswer", "lteq", "7"),
    )

    assert limits.read(held_to) == Limits(rates=(Rate(Per.HOUR, 4),), rows_per_answer=7)
    assert limits.words(held()) == ""
    hourly = limits.words(held(PolicyConstraint(f"{OWN}usesPerHour", "lteq", "4")))
    assert hourly.startswith("每小时最多使用4次。")


@hypothesis.given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=20), st.text())
def test_no_word_that_is_not_in_the_list_is_ever_taken(
    left: str, operator: str, right: str
) -> None:
    hypothesis.assume(left not in OPERANDS or operator not in OPERANDS[left].operators)

    found = refusal(constraints.unmet, [PolicyConstraint(left, operator, right)], use())

    assert found.code == "constraint_unknown"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"profile": "urn:else"}, "policy_unreadable"),
        ({"permission": (PolicyRule("sell"),)}, "action_unknown"),
        ({"permission": ()}, "policy_unreadable"),
        ({"permission": (PolicyRule("use"), PolicyRule("use"))}, "policy_unreadable"),
        (
            {"permission": (PolicyRule("use"), PolicyRule("distribute"), PolicyRule("distribute"))},
            "policy_unreadable",
        ),
        ({"prohibition": (PolicyRule("use"),)}, "action_unknown"),
        ({"obligation": (PolicyRule("attribute"),)}, "action_unknown"),
        (
            {"prohibition": (PolicyRule("distribute", (PolicyConstraint("count", "lteq", "1"),)),)},
            "constraint_unknown",
        ),
    ],
)
def test_an_action_that_nobody_sees_to_is_refused(changes: dict[str, Any], code: str) -> None:
    assert refusal(constraints.check_known, replace(offer(), **changes)).code == code


def test_the_end_is_the_earliest_of_all_and_to_the_second() -> None:
    first, second = "2029-02-28T16:00:00Z", "2029-02-28T15:59:59Z"

    assert constraints.ends_at(held()) is None
    assert constraints.ends_at(held(PolicyConstraint("dateTime", "gt", first))) is None
    end = constraints.ends_at(
        held(
            PolicyConstraint("dateTime", "lt", first), PolicyConstraint("dateTime", "lteq", second)
        )
    )
    assert end == dt.datetime(2029, 2, 28, 16, tzinfo=dt.UTC)
    assert constraints.ends_at(held(PolicyConstraint("dateTime", "lt", "never"))) is None


# ── the price ───────────────────────────────────────────────────────────────────────────────────


def test_the_price_is_a_duty_that_names_the_filing_its_version_and_its_digest() -> None:
    assert price_duty.read(offer()) == price_duty.PriceDuty(
        amount_fen=37_035,
        filing_number="JGBA-2028-000001",
        filing_version=3,
        filing_sha256="ab" * 32,
        price_item="per_call",
        quantity=3,
    )


def paid(**parts: str | None) -> PolicyOffer:
    """Return an offer whose duty to pay says otherwise; None leaves a part out."""
    first, *rest = offer().obligation
    told = tuple(
        replace(part, right_operand=parts.get(part.left_operand.rpartition(":")[2], part.right_operand))
        for part in first.constraint
        if parts.get(part.left_operand.rpartition(":")[2], "") is not None
    )  # fmt: skip
    return replace(offer(), obligation=(replace(first, constraint=told), *rest))


@pytest.mark.parametrize(
    ("parts", "differing"),
    [
        ({"payAmount": "370.34"}, ["amount_fen"]),
        ({"payAmount": "0.00"}, ["amount_fen"]),
        ({"filing": "JGBA-2028-000002"}, ["filing_number"]),
        ({"filingVersion": "2"}, ["filing_version"]),
        ({"filingSha256": "cd" * 32}, ["filing_sha256"]),
        ({"quantity": "4"}, ["amount_fen"]),
        ({"priceItem": "gone"}, ["price_item"]),
    ],
)
def test_a_price_that_is_not_the_filed_one_is_refused_and_says_what_differs(
    parts: dict[str, str], differing: list[str]
) -> None:
    found = refusal(terms.check, paid(**parts), filing(), recipient=BUYER, now=NOW)

    assert (found.code, found.facts) == ("offer_price_not_filed", {"differing": differing})


@pytest.mark.parametrize(
    "parts",
    [
        {"payAmount": None},
        {"filingSha256": None},
        {"payAmount": "370.350"},
        {"payAmount": "0370.35"},
        {"payAmount": "-1.00"},
        {"currency": "USD"},
        {"quantity": "three"},
        {"filingVersion": "x"},
    ],
)
def test_a_duty_that_can_not_be_read_is_refused(parts: dict[str, str | None]) -> None:
    assert refusal(price_duty.read, paid(**parts)).code == "policy_unreadable"


def test_a_price_has_no_part_that_is_not_known_and_there_is_one_of_it() -> None:
    first, *rest = offer().obligation
    more = PolicyConstraint("percentage", "eq", "3")
    other = PolicyConstraint("payAmount", "lteq", "370.35")
    several = PolicyConstraint("payAmount", "eq", ("370.35",))

    for extra in (more, first.constraint[0], other, several):
        parts = (*first.constraint[1:], extra) if extra is not first.constraint[0] else (
            *first.constraint, extra)  # fmt: skip
        broken = replace(offer(), obligation=(replace(first, constraint=parts), *rest))
        assert refusal(price_duty.read, broken).code == "constraint_unknown"
    for duties in ((), (first, first)):
        assert refusal(price_duty.read, replace(offer(), obligation=duties)).code == (
            "policy_unreadable"
        )


def test_a_price_that_is_not_on_record_is_no_price() -> None:
    for unfiled in (filing(filing_number=None), filing(record_sha256=None)):
        assert refusal(offer, unfiled).code == "offer_price_not_filed"
    assert refusal(offer, price_item="else").code == "offer_price_not_filed"


@hypothesis.given(st.integers(0, 10**15 - 1))
def test_an_amount_written_and_read_back_is_the_amount(amount: int) -> None:
    assert price_duty.fen(price_duty.yuan(amount)) == amount


# ── what an offer must say ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "code", "facts"),
    [
        ({"scenario": "else"}, "offer_outside_filed_scope", {"outside": ["scenario"]}),
        (
            {"delivery_mode": DeliveryMode.REPORT_RESULT, "onward_use": True},
            "offer_outside_filed_scope",
            {"outside": ["delivery_mode", "onward_use"]},
        ),
        ({"ends_at": NOW}, "offer_times_invalid", {}),
        ({"ends_at": NOW + SECOND}, "offer_times_invalid", {}),
    ],
)
def test_an_offer_keeps_to_the_filed_scope_and_ends_after_it_was_accepted(
    changes: dict[str, Any], code: str, facts: dict[str, Any]
) -> None:
    found = refusal(terms.check, offer(**changes), filing(), recipient=BUYER, now=NOW)

    assert (found.code, found.facts) == (code, facts)


def test_an_offer_may_be_passed_on_where_that_was_filed() -> None:
    on = filing(terms=replace(filing().terms, use_scope=UseScope(onward_use=True)))

    price = terms.check(offer(on, onward_use=True), on, recipient=BUYER, now=NOW)

    assert price.amount_fen == 37_035


def test_an_offer_leaves_nothing_open_and_is_for_the_buyer_that_it_is_made_to() -> None:
    said = offer().permission[0].constraint
    contradicting = (*said, PolicyConstraint("purpose", "eq", "营销"))

    for given, recipient, missing in (
        ((), BUYER, ["purpose", f"{OWN}scenario", "deliveryChannel", "recipient", "dateTime"]),
        (contradicting, BUYER, ["purpose"]),
        (said, "urn:else", ["recipient"]),
    ):
        found = refusal(terms.check, held(*given), filing(), recipient=recipient, now=NOW)
        assert (found.code, found.facts) == ("offer_terms_missing", {"operands": missing})


def test_an_offer_is_for_one_category_of_use() -> None:
    def of(right: Any) -> PolicyOffer:
        return held(PolicyConstraint(f"{OWN}useCategory", "isAnyOf", right))

    assert terms.use_category_of(held()) is None
    assert terms.use_category_of(of(("public_welfare",))) is UseCategory.PUBLIC_WELFARE
    for wrong in (("public_welfare", "sector_development"), ("fun",)):
        assert refusal(terms.use_category_of, of(wrong)).code == "policy_unreadable"


def test_who_may_not_buy_may_not_negotiate_either() -> None:
    asked = {
        "buyer": PartyId(uuid.UUID(int=1)),
        "supplier": PartyId(uuid.UUID(int=2)),
        "is_verified": True,
        "is_operator": False,
        "is_public_data": True,
    }

    buying.check_buyer(**asked)  # type: ignore[arg-type]
    assert refusal(buying.check_buyer, **asked | {"is_verified": False}).code == (
        "buyer_not_verified"
    )
