"""Papers that the log binds as they are, and that still are not what they should be, are named."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from catalog.audit_log.verdict import Fault, Unreadable
from catalog.kernel.ids import new_id
from catalog.signing.algorithms import OF_PARTIES, Algorithm
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.orders.contract import ContractUnreadable, read_document
from market.orders.model import Side
from market.pricing.model import Charge, PlanTax
from market.proof_bundles import archive, bill, binding, check
from market.proof_bundles.archive import ArchiveFault, ArchiveRefused
from market.proof_bundles.check_order import bill_in_words
from settlement.ledger.accounts import Account, clearing_of, escrow_of, refund_owed_to, residual_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.money import Fen
from settlement.taxes.model import ZeroReason
from tests.bundle_tampering import first_bad, resealed, verdict_of, with_json, with_json_lines
from tests.log_of_tests import signer_of
from tests.order_in_memory import OrderInMemory


def verdict(order: OrderInMemory) -> Any:
    return verdict_of(archive.unpack(order.bundle()))


# ── contract, price, licence ────────────────────────────────────────────────────────────────


def _price(**members: Any) -> Callable[[Any], None]:
    return lambda told: told["price"].update(members)


@pytest.mark.parametrize(
    ("changed", "kind", "fault", "says"),
    [
        ({"contract": lambda told: told.update(format="x")}, "member", Fault.MALFORMED, "format x"),
        (
            {"contract": lambda told: told.update(order_id=str(uuid.UUID(int=5)))},
            "contract",
            Fault.CONTENT_DIFFERS,
            "another order",
        ),
        (
            {"contract": lambda told: told["split"].update(digest="00")},
            "contract",
            Fault.CONTENT_DIFFERS,
            "digest that it names",
        ),
        (
            {"contract": _price(item={"code": "other", "charge": "per_unit", "unit": "api_call",
                                      "unit_price_fen": 12_345})},
            "filing",
            Fault.CONTENT_DIFFERS,
            "one that was filed",
        ),
        (
            {"filing": lambda told: told["terms"].update(product_id=str(uuid.UUID(int=5)))},
            "filing",
            Fault.CONTENT_DIFFERS,
            "one that was filed",
        ),
        ({"facts": lambda told: told.update(units=99)}, "entry", Fault.CONTENT_DIFFERS, "units"),
        ({"facts": lambda told: told.pop("units")}, "entry", Fault.CONTENT_DIFFERS, "units"),
        (
            {"contract": _price(amount_fen=1)},
            "bill",
            Fault.BILL_DIFFERS,
            "contract.price.amount_fen should be 12345000 and is 1",
        ),
        (
            {"contract": _price(quantity=0)},
            "bill",
            Fault.BILL_DIFFERS,
            "breaks a rule: order_quantity_out_of_range",
        ),
        (
            {"contract": _price(quantity=2, amount_fen=24_690)},
            "bill",
            Fault.BILL_DIFFERS,
            "units should be 2 and is 4",
        ),
        (
            {"contract": lambda told: told["split"]["shares"].pop()},
            "contract",
            Fault.CONTENT_DIFFERS,
            "digest that it names",
        ),
    ],
)  # fmt: skip
def test_papers_that_are_bound_and_do_not_fit_are_named(
    changed: dict[str, Any], kind: str, fault: Fault, says: str
) -> None:
    found = verdict(OrderInMemory(**changed))

    assert first_bad(found)[::2] == (kind, fault)
    assert says in found.first_bad.reason


def test_the_bill_names_every_account_that_got_something_else() -> None:
    def to_one(told: Any) -> None:
        told["split"]["shares"][2]["share_bps"] += 67
        told["split"]["shares"][3]["share_bps"] -= 67

    found = verdict(OrderInMemory(contract=to_one))

    reasons = [bad.reason for bad in found.problems if bad.kind == "bill"]
    assert [reason.rpartition(" · ")[2].split()[:3] for reason in reasons] == [
        ["journal", "release", "to"]
    ] * 2


def test_a_use_that_was_counted_against_the_rule_is_named() -> None:
    found = verdict(OrderInMemory(miscounted=3))

    assert first_bad(found)[::2] == ("bill", Fault.BILL_DIFFERS)
    assert "use 3 was counted wrongly" in found.first_bad.reason


def test_an_order_that_came_no_further_has_a_shorter_bundle() -> None:
    placed = verdict(OrderInMemory(uses=0, release="", is_contracted=False, is_delivered=False))
    paid = verdict(OrderInMemory(uses=0, release="", is_delivered=False))

    assert placed.problems == paid.problems == ()
    assert "contract" not in placed.counts
    assert "licence" not in paid.counts
    assert paid.counts["bill computed again"] == 1


def test_a_licence_without_its_contract_is_still_of_its_uses() -> None:
    assert verdict(OrderInMemory(release="", is_contracted=False)).problems == ()


# ── signatures ──────────────────────────────────────────────────────────────────────────────


def _sides(algorithm: Algorithm) -> dict[Side, Signer]:
    return {
        side: Signer(Purpose.CONTRACT, bytes([place]) * 32, algorithm)
        for place, side in enumerate(Side, 1)
    }


@pytest.mark.parametrize("algorithm", OF_PARTIES)
def test_parties_may_sign_by_every_algorithm_and_the_readme_says_how_to_check_it(
    algorithm: Algorithm,
) -> None:
    parts = archive.unpack(OrderInMemory(sides=_sides(algorithm)).bundle())

    assert verdict_of(parts).problems == ()
    readme = parts["README.txt"].decode()
    assert ("distid:1234567812345678" in readme) is (algorithm is Algorithm.SM2)
    assert ("OpenSSL 3.5+" in readme) is (algorithm is Algorithm.ML_DSA_44)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda told: told[0]["signature"].update(value="AAAA"), Fault.SIGNATURE_WRONG),
        (lambda told: told[0]["signature"].update(key_id="00"), Fault.KEY_UNKNOWN),
        (lambda told: told[0]["signature"].update(algorithm="sm2"), Fault.ALGORITHM_DIFFERS),
        (lambda told: told[0].update(side="supplier"), Fault.KEY_UNKNOWN),
        (lambda told: told[0].update(party_id=str(uuid.UUID(int=5))), Fault.KEY_UNKNOWN),
        (lambda told: told.pop(), Fault.CONTENT_DIFFERS),
        (lambda told: told.append(told[0]), Fault.CONTENT_DIFFERS),
    ],
)
def test_a_contract_s_signature_that_is_not_its_party_s_is_named(
    change: Callable[[Any], Any], fault: Fault
) -> None:
    order = OrderInMemory()
    parts = archive.unpack(order.bundle())
    with_json(parts, "contract-signatures.json", lambda told: change(told) and None)

    found = verdict_of(resealed(parts, order.statement))

    assert first_bad(found) == ("contract", str(order.order_id), fault)


def test_a_key_that_has_another_s_id_is_named() -> None:
    order = OrderInMemory()
    parts = archive.unpack(order.bundle())
    with_json(parts, "keys.json", lambda told: told["keys"][2].update(key_id="00" * 8))

    found = verdict_of(resealed(parts, order.statement), trusted=order.log_key)

    assert first_bad(found) == ("key", "00" * 8, Fault.MALFORMED)


def test_papers_of_another_order_are_named() -> None:
    order, other = OrderInMemory(), OrderInMemory(number=2)
    parts, strange = archive.unpack(order.bundle()), archive.unpack(other.bundle())
    for name, kind in (
        ("contract.json", "contract"),
        ("journal.jsonl", "journal"),
        ("statement.json", "statement"),
        ("usage.jsonl", "usage"),
        ("grant.json", "grant"),
        ("filing.json", "filing"),
        ("heads.json", "heads"),
        ("leaves.jsonl", "entry"),
    ):
        changed = dict(parts) | {name: strange[name]}
        assert first_bad(verdict_of(resealed(changed, order.statement)))[0] == kind, name


def test_a_statement_of_another_order_with_its_signature_is_named() -> None:
    order, other = OrderInMemory(), OrderInMemory(number=2)
    parts, strange = archive.unpack(order.bundle()), archive.unpack(other.bundle())
    for name in ("statement.json", "statement-signature.json"):
        parts[name] = strange[name]

    found = verdict_of(resealed(parts, order.statement))

    assert ("statement", str(order.order_id)) in {(bad.kind, bad.id) for bad in found.problems}


def test_a_journal_entry_of_another_order_that_the_log_binds_is_named() -> None:
    class Strange(OrderInMemory):
        def _book(self, kind: Kind, legs: tuple[Leg, ...]) -> None:
            kept, self.order_id = self.order_id, uuid.UUID(int=5)
            own = transfer(clearing_of("x"), [Leg(escrow_of(self.order_id), self.amount)])
            self.also = [f"order:{kept}"]
            super()._book(Kind.PAY_IN, own)
            self.order_id = kept

        def append(self, event: str, subjects: Any, *args: Any, **options: Any) -> int:
            more = self.also if event == "journal:posted" else []
            return super().append(event, [*subjects, *more], *args, **options)

    order = Strange(release="")

    found = verdict(order)

    assert first_bad(found) == ("journal", str(order.journal[0].key), Fault.CONTENT_DIFFERS)


def test_a_certificate_of_another_number_or_without_its_entry_is_named() -> None:
    order = OrderInMemory()
    parts = archive.unpack(order.bundle())

    def renamed(told: Any) -> None:
        told["object"]["certificate_number"] = "HN-DPR-2026-0000001X"

    other = verdict(OrderInMemory(contract=renamed))
    assert first_bad(other) == ("certificate", order.certificate, Fault.CONTENT_DIFFERS)
    with_json_lines(
        parts,
        "bindings.jsonl",
        lambda told: told.__setitem__(
            slice(None), [line for line in told if "certificate:issued" not in line["leaf"]]
        ),
    )
    unbound = verdict_of(resealed(parts, order.statement))
    assert first_bad(unbound) == ("certificate", order.certificate, Fault.NOT_BOUND)


def test_a_certificate_is_signed_by_a_key_that_must_be_in_the_bundle() -> None:
    papers = OrderInMemory().gathered().certificate

    assert papers is not None
    assert binding.signed_by(papers) == signer_of(Purpose.CERTIFICATE).key_id


def test_a_credential_of_another_certificate_is_named() -> None:
    order = OrderInMemory()
    genuine = order.gathered()

    from catalog.certificates.states import State as Standing

    order.document = order.document.replace("数据".encode(), "別的".encode(), 1)
    strange = order._certificate_papers(Standing.ACTIVE)
    assert genuine.certificate is not None
    mixed = msgspec.structs.replace(genuine.certificate, credential=strange.credential)
    whole = msgspec.structs.replace(genuine, certificate=mixed)

    found = verdict_of(archive.unpack(order.sealed(whole)))

    assert first_bad(found) == ("certificate", order.certificate, Fault.CONTENT_DIFFERS)


# ── the bill ────────────────────────────────────────────────────────────────────────────────


def _bill(order: OrderInMemory, units: int = 0, **changes: Any) -> bill.Bill:
    told = read_document(order.contract)
    price = msgspec.structs.replace(told.price, **changes)
    changed = msgspec.structs.replace(told, price=price)
    return bill.bill(changed, units_used=units, entries=order.journal)


def test_a_bill_of_what_is_free_moves_nothing() -> None:
    order = OrderInMemory(release="")
    item = msgspec.structs.replace(order.item, unit_price_fen=0)
    told = read_document(order.contract)
    price = msgspec.structs.replace(told.price, item=item, amount_fen=0)

    free = bill.bill(msgspec.structs.replace(told, price=price), units_used=2, entries=[])

    assert (free.due_fen, free.portions, free.differences) == (0, (), ())
    assert free.used_fen == 0


def test_a_bill_says_what_was_bought_and_what_was_used() -> None:
    order = OrderInMemory()
    item = msgspec.structs.replace(order.item, included_uses=5)

    by_use = _bill(order, units=4)
    by_pack = _bill(order, units=6, item=item, quantity=1, amount_fen=12_345)

    assert (by_use.units_bought, by_use.used_fen) == (1_000, 49_380)
    assert (by_pack.units_bought, by_pack.used_fen) == (5, None)
    assert [each.place for each in by_pack.differences][:2] == ["units", "journal pay_in"]


def test_a_bill_of_any_number_of_uses_tells_no_price_of_one() -> None:
    order = OrderInMemory()
    item = msgspec.structs.replace(order.item, charge=Charge.ONE_OFF)

    told = _bill(order, units=7, item=item, quantity=1, amount_fen=12_345)

    assert (told.units_bought, told.used_fen) == (None, None)
    words = bill_in_words(told)
    assert "7 units used;" in words
    assert "worth" not in words


def test_a_bill_of_many_captures_and_a_refund_is_that_of_one_sum() -> None:
    order = OrderInMemory()
    told = read_document(order.contract)
    split, due = told.frozen_split(), told.price.due_fen()
    (paid,) = [entry for entry in order.journal if entry.kind is Kind.PAY_IN]
    residual, escrow = residual_of(told.order_id), escrow_of(told.order_id)
    owed = refund_owed_to(told.buyer.party_id)

    def moved(kind: Kind, source: Account, *legs: Leg) -> Entry:
        return msgspec.structs.replace(
            paid, key=new_id(), kind=kind, legs=transfer(source, legs), reverses=None
        )

    entries, captured = [paid, moved(Kind.REFUND, escrow, Leg(owed, 1_001))], 0
    while captured < due - 1_001:
        part = min(977, due - 1_001 - captured)
        step = split.increment(captured, Fen(captured + part))
        waiting = [Leg(residual, step.waiting_fen)] if step.waiting_fen else []
        entries.append(moved(Kind.RELEASE, escrow, *step.charged, *waiting))
        if step.settled:
            entries.append(moved(Kind.RESIDUAL_SETTLED, residual, *step.settled))
        captured += part
    last = split.final(Fen(captured))
    whole = [*entries, moved(Kind.RESIDUAL_SETTLED, residual, *last)] if last else entries

    told_bill = bill.bill(told, units_used=0, entries=whole)

    assert told_bill.differences == ()
    assert (told_bill.refunded_fen, told_bill.released_fen) == (1_001, due - 1_001)
    assert dict(told_bill.portions) == {
        leg.account.code: leg.amount_fen for leg in split.credits(Fen(due - 1_001))
    }
    assert bill.bill(told, units_used=0, entries=whole[:-1]).differences != ()


@pytest.mark.parametrize(
    ("tax", "paid", "told_tax"),
    [
        (PlanTax(is_included=False, rate_bps=600), 13_085_700, 740_700),
        (PlanTax(is_included=True, rate_bps=600), 12_345_000, 698_774),
        (PlanTax(is_included=True, rate_bps=0, zero_reason=ZeroReason.EXEMPT), 12_345_000, 0),
    ],
)
def test_a_bundle_of_a_price_that_says_its_tax_is_whole_and_its_bill_agrees(
    tax: PlanTax, paid: int, told_tax: int
) -> None:
    order = OrderInMemory(tax=tax)

    told = _bill(order, units=6)

    assert told.differences == ()
    assert told.due_fen == told.paid_fen == paid
    assert dict(told.portions).get(f"tax_payable/{order.supplier}", 0) == told_tax
    assert sum(fen for _, fen in told.portions) == paid
    assert verdict_of(archive.unpack(order.sealed(order.gathered()))).problems == ()


def test_a_bill_names_a_tax_that_is_not_that_of_the_price_or_not_taken_out() -> None:
    order = OrderInMemory(tax=PlanTax(is_included=False, rate_bps=600))
    told = read_document(order.contract)
    taxed = told.price.taxed
    assert taxed is not None
    other = msgspec.structs.replace(taxed, net_fen=taxed.net_fen + 1, tax_fen=taxed.tax_fen - 1)
    untaken = msgspec.structs.replace(told, split=msgspec.structs.replace(told.split, tax=None))

    moved = [each.place for each in _bill(order, units=6, taxed=other).differences]
    none = [each.place for each in _bill(order, units=6, taxed=None).differences]
    shared = bill.bill(untaken, units_used=6, entries=order.journal).differences
    plain = OrderInMemory()
    made_up = [each.place for each in _bill(plain, units=6, taxed=taxed).differences]

    places = [f"contract.price.taxed.{name}_fen" for name in ("net", "tax", "gross")]
    assert moved == places[:2]
    assert none == places
    assert made_up == places
    assert shared[0] == bill.Difference("contract.split.tax.rate_bps", 600, 0)


def test_a_denial_and_a_repetition_cost_nothing() -> None:
    events = [event for event, _, _ in OrderInMemory(uses=9).usage]

    units, wrong = bill.units_of(events)

    assert (units, wrong) == (6, None)
    denied = msgspec.structs.replace(events[2], price_units=1)
    repeated = msgspec.structs.replace(events[1], request_key=events[0].request_key, price_units=1)
    assert bill.units_of([events[0], denied, denied])[1] == denied
    assert bill.units_of([events[0], repeated])[1] == repeated
    uncounted = msgspec.structs.replace(events[0], price_units=0)
    assert bill.units_of([uncounted])[1] == uncounted


def test_the_contract_s_bytes_are_read_strictly() -> None:
    with pytest.raises(ContractUnreadable):
        read_document(b"{}")


# ── archives ────────────────────────────────────────────────────────────────────────────────


def zipped(*members: tuple[str, bytes], **options: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as made:
        for name, raw in members:
            made.writestr(zipfile.ZipInfo(name), raw, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _encrypted() -> bytes:
    raw = bytearray(zipped(("manifest.json", b"{}")))
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 8] |= 1
    return bytes(raw)


def _broken() -> bytes:
    raw = bytearray(zipped(("manifest.json", b"abcdefgh" * 50)))
    raw[50] ^= 0xFF
    return bytes(raw)


def _bzipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr(zipfile.ZipInfo("manifest.json"), b"{}", zipfile.ZIP_BZIP2)
    return buffer.getvalue()


def _doubled() -> bytes:
    raw = zipped(("manifest.json", b"{}"), ("manifest.jsoM", b"{}"))
    return raw.replace(b"manifest.jsoM", b"manifest.json")


REFUSED = [
    (b"", ArchiveFault.NOT_A_ZIP),
    (b"PK\x03\x04", ArchiveFault.NOT_A_ZIP),
    (b"%PDF-1.7", ArchiveFault.NOT_A_ZIP),
    (zipped(("a.txt", b"")), ArchiveFault.NO_MANIFEST),
    (zipped(("../manifest.json", b"{}")), ArchiveFault.PATH),
    (zipped(("/etc/passwd", b"{}")), ArchiveFault.PATH),
    (zipped(("C:manifest.json", b"{}")), ArchiveFault.PATH),
    (zipped((".ssh", b"{}")), ArchiveFault.PATH),
    (zipped(("a\\b", b"{}")), ArchiveFault.PATH),
    (zipped(("manifest.json", b"0" * 20_000_000)), ArchiveFault.BOMB),
    (zipped(*((f"m{i}", b"") for i in range(65))), ArchiveFault.TOO_LARGE),
    (_encrypted(), ArchiveFault.ENCRYPTED),
    (_broken(), ArchiveFault.BROKEN),
    (_bzipped(), ArchiveFault.METHOD),
    (_doubled(), ArchiveFault.DOUBLED),
]


@pytest.mark.parametrize(("raw", "fault"), REFUSED)
def test_an_archive_that_is_not_safe_and_whole_is_refused_by_name(
    raw: bytes, fault: ArchiveFault
) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        check.check(raw)

    assert refused.value.fault is fault
    assert isinstance(refused.value, Unreadable)
    assert str(refused.value).startswith("no proof bundle: ")


def test_an_archive_that_says_it_is_larger_than_any_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = OrderInMemory().bundle()
    monkeypatch.setattr(archive, "MAX_BYTES", 1_000)

    with pytest.raises(ArchiveRefused) as refused:
        archive.unpack(raw)

    assert refused.value.fault is ArchiveFault.TOO_LARGE


def test_a_bundle_is_told_from_other_archives_and_from_none() -> None:
    raw = OrderInMemory().bundle()
    moved = zipped(("x", b""), ("manifest.json", b"{}"))

    assert archive.is_one(raw)
    assert archive.is_one(raw[:-100])
    assert archive.is_one(moved)
    assert not archive.is_one(zipped(("case.json", b"{}")))
    assert not archive.is_one(b"PK\x03\x04")
