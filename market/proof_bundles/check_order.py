"""Check what a bundle has of an order: contract, price, licence, uses, ledger's lines, and the bill."""

from __future__ import annotations

import itertools
import uuid

import msgspec

from catalog.audit_log import handed_out
from catalog.audit_log.events import Event
from catalog.audit_log.export_format import Keys
from catalog.audit_log.verdict import Fault, Findings
from catalog.kernel.errors import DomainError
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import Signature, key_id_of
from catalog.signing.purposes import Purpose
from catalog.signing.verifier import SignatureFault, fault_of
from market.access import licences
from market.access.licences import Licence
from market.orders.contract import ContractRead, ContractUnreadable, read_document
from market.orders.model import ContractSignature, Side
from market.pricing.model import Terms
from market.proof_bundles import bill as bills
from market.proof_bundles.check_entries import Proven
from market.proof_bundles.model import (
    CERTIFICATE,
    CONTRACT,
    CONTRACT_SIGNATURES,
    FILING,
    GRANT,
    JOURNAL,
    STATEMENT,
    STATEMENT_SIGNATURE,
    USAGE,
    Kind,
    Manifest,
)
from market.proof_bundles.reading import Bundle, Unread, both
from market.usage import check as usage
from market.usage import statement as statements
from market.usage.model import SignedStatement, Statement, UsageEvent
from settlement.ledger.journal import Entry, RecordUnreadable, read_record
from settlement.money import yuan

_NOBODY = uuid.UUID(int=0)


class Filed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A filed price as its record says it."""

    format: str
    id: uuid.UUID
    terms: Terms
    edition: int = 1
    amends: uuid.UUID | None = None


class _Metered(msgspec.Struct, frozen=True):
    units: int


class _Said(msgspec.Struct, frozen=True):
    """The payload of a use's entry, as far as it repeats the record."""

    facts: _Metered


def check(found: Findings, bundle: Bundle, manifest: Manifest, proven: Proven, keys: Keys) -> None:
    """Tell what is wrong with the papers of an order, and compute its bill again.

    :raises Unread: if a member is not what its name says.
    """
    order_id = manifest.subject.removeprefix(f"{Kind.ORDER}:")
    contract = None
    if CONTRACT in bundle.parts:
        contract = _contract(found, bundle, proven, keys, order_id)
    else:
        _check_left_out(found, proven, "contract", order_id, CONTRACT)
    events = _usage(found, bundle, proven)
    _check_statement(found, bundle, keys, order_id, events)
    entries = _journal(found, bundle, proven, order_id)
    if GRANT in bundle.parts:
        _check_licence(found, bundle, contract, events, order_id, proven)
    elif any(line.leaf.event == Event.GRANT_CREATED for line in proven.entries):
        reason = both("许可已授予，但材料缺失", "a licence was granted, and it is missing")
        found.bad("member", GRANT, reason, Fault.MEMBER_MISSING)
    if contract is not None:
        _check_bill(found, contract, events, entries)


def _check_left_out(
    found: Findings, proven: Proven, kind: str, identifier: str, member: str
) -> None:
    if (kind, identifier) in proven.digests:
        reason = both("日志登记了它，但成员缺失", "the log binds it, and it is missing")
        found.bad("member", member, reason, Fault.MEMBER_MISSING)


def _contract(
    found: Findings, bundle: Bundle, proven: Proven, keys: Keys, order_id: str
) -> ContractRead | None:
    """Return what the contract says, if an entry binds it; tell whose signatures it bears."""
    document = bundle.parts[CONTRACT]
    if not proven.is_bound("contract", order_id, document):
        reason = both(f"{CONTRACT} 与日志登记的摘要不符", f"{CONTRACT} is not what the log binds")
        found.bad("contract", order_id, reason, Fault.NOT_BOUND)
        return None
    try:
        contract = read_document(document)
    except ContractUnreadable as error:
        raise Unread(CONTRACT, both("无法读取", str(error.facts["reason"]))) from error
    found.count("contract")
    if str(contract.order_id) != order_id:
        reason = both("是另一订单的合同", "it is the contract of another order")
        found.bad("contract", order_id, reason, Fault.CONTENT_DIFFERS)
    if contract.frozen_split().digest() != contract.split.digest:
        reason = both("分配比例与其摘要不符", "its shares do not have the digest that it names")
        found.bad("contract", order_id, reason, Fault.CONTENT_DIFFERS)
    if contract.object.certificate_number is not None and CERTIFICATE not in bundle.parts:
        number = contract.object.certificate_number
        reason = both(
            f"合同所载凭证 {number} 缺失", f"the contract names {number}, and it is missing"
        )
        found.bad("member", CERTIFICATE, reason, Fault.MEMBER_MISSING)
    _check_signatures(found, bundle, contract, proven, keys)
    _check_price(found, bundle, contract, proven)
    return contract


def _check_signatures(
    found: Findings, bundle: Bundle, contract: ContractRead, proven: Proven, keys: Keys
) -> None:
    parties = {
        Side.BUYER: contract.buyer.party_id,
        Side.SUPPLIER: contract.supplier.party_id,
    }
    signatures = bundle.decoded(CONTRACT_SIGNATURES, tuple[ContractSignature, ...], exactly=True)
    name = str(contract.order_id)
    places = [line.index for line in proven.entries if line.leaf.event == Event.CONTRACT_SIGNED]
    entered = len(places)
    for signed, place in itertools.zip_longest(signatures, places[: len(signatures)]):
        fault = _signature_fault(bundle, signed, str(parties[signed.side]), keys)
        if fault is not None:
            found.bad("contract", name, *fault)
        else:
            handed_out.check_trusted(found, keys, "contract", name, signed.signature, place)
            found.count("contract signatures")
    if len({signed.side for signed in signatures}) != entered or len(signatures) != entered:
        reason = both(
            f"日志登记了 {entered} 次签署，{CONTRACT_SIGNATURES} 有 {len(signatures)} 个",
            f"the log has {entered} signings, {CONTRACT_SIGNATURES} has {len(signatures)}",
        )
        found.bad("contract", name, reason, Fault.CONTENT_DIFFERS)


def _signature_fault(
    bundle: Bundle, signed: ContractSignature, party: str, keys: Keys
) -> tuple[str, Fault] | None:
    """Return what is wrong with a party's signature, or None."""
    row = next((row for row in keys.keys if row.key_id == signed.signature.key_id), None)
    side = signed.side.value
    if (
        row is None
        or (row.purpose, row.holder_party_id) != (Purpose.CONTRACT, party)
        or str(signed.party_id) != party
        or key_id_of(row.public_key) != row.key_id
    ):
        reason = both(
            f"{side} 的签名用的不是该方的合同公钥", f"{side}: its key is not that party's"
        )
        return reason, Fault.KEY_UNKNOWN
    fault = fault_of(
        signed.signature,
        algorithm=row.algorithm,
        public_key=row.public_key,
        purpose=Purpose.CONTRACT,
        document=bundle.parts[CONTRACT],
    )
    if fault is SignatureFault.ALGORITHM:
        reason = both(f"{side} 的签名算法与公钥不符", f"{side}: another algorithm than its key's")
        return reason, Fault.ALGORITHM_DIFFERS
    if fault is not None:
        reason = both(f"{side} 的签名不成立", f"{side}: the signature does not verify")
        return reason, Fault.SIGNATURE_WRONG
    return None


def _check_price(found: Findings, bundle: Bundle, contract: ContractRead, proven: Proven) -> None:
    """Compare the price of the contract with the one that was filed."""
    filed = bundle.decoded(FILING, Filed)
    name = str(filed.id)
    if not proven.is_bound("filing", name, bundle.parts[FILING]):
        reason = both(f"{FILING} 与日志登记的摘要不符", f"{FILING} is not what the log binds")
        found.bad("filing", name, reason, Fault.NOT_BOUND)
        return
    found.count("filed price")
    item = next((i for i in filed.terms.price_items if i.code == contract.price.item.code), None)
    if item != contract.price.item or filed.terms.product_id != contract.object.product_id:
        reason = both("合同价目不是备案的价目", "the contract's price is not one that was filed")
        found.bad("filing", name, reason, Fault.CONTENT_DIFFERS)


def _usage(found: Findings, bundle: Bundle, proven: Proven) -> list[UsageEvent]:
    """Return the uses whose records are those that the entries bind, in their order."""
    records = bundle.lines(USAGE)
    events = list(bundle.decoded_lines(USAGE, UsageEvent))
    used = [
        (line, digest)
        for line in proven.entries
        for digest in line.leaf.digests
        if digest.kind == "usage"
    ]
    for number, (record, event) in enumerate(zip(records, events, strict=True), 1):
        if number > len(used):
            reason = both(
                f"{USAGE} 第 {number} 行：没有条目", f"{USAGE} line {number}: no entry has it"
            )
            found.bad("usage", event.id, reason, Fault.NOT_BOUND)
            break
        line, digest = used[number - 1]
        if (digest.id, digest.sha256) != (str(event.id), sha256_hex(record)):
            reason = both(
                f"{USAGE} 第 {number} 行（订单序号 {event.order_seq}）与条目 {line.index} 的摘要不符",
                f"{USAGE} line {number} (order sequence {event.order_seq}) is not what entry "
                f"{line.index} binds",
            )
            found.bad("usage", event.id, reason, Fault.NOT_BOUND)
            break
        _check_said(found, line.payload, event, line.index)
        found.count("uses")
    for line, digest in used[len(records) :]:
        reason = both(
            f"条目 {line.index} 的计量记录被隐去（订单序号 {line.leaf.order_seq}）",
            f"entry {line.index} (order sequence {line.leaf.order_seq}) has it, and {USAGE} leaves it out",
        )
        found.bad("usage", digest.id, reason, Fault.ENTRY_MISSING)
    return events


def _check_said(found: Findings, payload: str | None, event: UsageEvent, index: int) -> None:
    """Compare the units that an entry's payload tells, where it is shown, with the use's record."""
    if payload is None:
        return
    try:
        units = msgspec.json.decode(payload, type=_Said).facts.units
    except msgspec.MsgspecError:
        units = None
    if units != event.price_units:
        reason = both("载荷与计量记录的数量不同", "its payload tells other units than its record")
        found.bad("entry", index, reason, Fault.CONTENT_DIFFERS)


def _check_statement(
    found: Findings, bundle: Bundle, keys: Keys, order_id: str, events: list[UsageEvent]
) -> None:
    document = bundle.parts[STATEMENT]
    signature = bundle.decoded(STATEMENT_SIGNATURE, Signature, exactly=True)
    held = SignedStatement(
        type=statements.FORMAT,
        document=document,
        signature=signature,
        statement=bundle.decoded(STATEMENT, Statement),
        sha256=sha256_hex(document),
        entry_id=_NOBODY,
        events=tuple(events),
    )
    signed = usage.check_statement(found, held, keys)
    if signed is not None and str(signed.order_id) != order_id:
        reason = both("是另一订单的对账单", "it is the statement of another order")
        found.bad("statement", order_id, reason, Fault.CONTENT_DIFFERS)


def _journal(found: Findings, bundle: Bundle, proven: Proven, order_id: str) -> list[Entry]:
    """Return the entries of the journal that the log binds, in its order; each balances, or is none."""
    entries: list[Entry] = []
    bound = list(
        dict.fromkeys(
            digest.id
            for line in proven.entries
            for digest in line.leaf.digests
            if digest.kind == "journal"
        )
    )
    records = bundle.lines(JOURNAL)
    for number, record in enumerate(records, 1):
        try:
            entry = read_record(record)
        except RecordUnreadable as error:
            reason = f"{JOURNAL} line {number}: {error.facts['reason']}"
            raise Unread(JOURNAL, both(f"第 {number} 行不是分录", reason)) from error
        name = str(entry.key)
        is_due = bound[number - 1 : number] == [name]
        if not is_due or not proven.is_bound("journal", name, record):
            reason = both(
                f"{JOURNAL} 第 {number} 行与日志登记的摘要或次序不符",
                f"{JOURNAL} line {number} is not what the log binds there",
            )
            found.bad("journal", name, reason, Fault.NOT_BOUND)
            return entries
        if str(entry.order_id) != order_id:
            reason = both("是另一订单的分录", "it is of another order")
            found.bad("journal", name, reason, Fault.CONTENT_DIFFERS)
        entries.append(entry)
        found.count("journal entries")
    for name in bound[len(records) :]:
        reason = both("日志登记了该分录，但被隐去", f"the log has it, and {JOURNAL} leaves it out")
        found.bad("journal", name, reason, Fault.ENTRY_MISSING)
    return entries


def _check_licence(  # noqa: PLR0917
    found: Findings,
    bundle: Bundle,
    contract: ContractRead | None,
    events: list[UsageEvent],
    order_id: str,
    proven: Proven,
) -> None:
    """Compare the licence with its entry, the contract it was granted on and the uses it let through."""
    licence = bundle.decoded(GRANT, Licence)
    raw = bundle.parts[GRANT]
    if licences.record(licence) != raw or str(licence.order_id) != order_id:
        reason = both(
            "不是本订单的许可", "it is not the licence of this order, as it was handed out"
        )
        found.bad("grant", licence.id, reason, Fault.CONTENT_DIFFERS)
        return
    if all(kind != licences.KIND for kind, _ in proven.digests):
        found.note(
            both(
                "许可登记于日志绑定许可之前：其内容以合同与使用记录为准",
                "the licence was granted before the log bound licences: contract and uses answer for it",
            )
        )
    elif not proven.is_bound(licences.KIND, str(licence.id), raw):
        reason = both(f"{GRANT} 与日志登记的摘要不符", f"{GRANT} is not what the log binds")
        found.bad("grant", licence.id, reason, Fault.NOT_BOUND)
        return
    if contract is not None:
        granted = (licence.content_sha256, licence.product_id, licence.buyer_party_id)
        sold = (
            contract.object.content_sha256,
            contract.object.product_id,
            contract.buyer.party_id,
        )
        if granted != sold:
            reason = both(
                "许可与合同的标的不同", "it grants something else than the contract sells"
            )
            found.bad("grant", licence.id, reason, Fault.CONTENT_DIFFERS)
    for event in events:
        if (event.grant_id, event.fingerprint_id) != (licence.id, licence.fingerprint_id):
            reason = both(
                f"订单序号 {event.order_seq} 的使用依据另一许可",
                f"use {event.order_seq} was under another licence",
            )
            found.bad("grant", licence.id, reason, Fault.CONTENT_DIFFERS)
            return
    found.count("licence")


def _check_bill(
    found: Findings, contract: ContractRead, events: list[UsageEvent], entries: list[Entry]
) -> None:
    """Compute the bill again, and name every place where the books say something else."""
    name = contract.order_number
    units, wrong = bills.units_of(events)
    if wrong is not None:
        reason = both(
            f"订单序号 {wrong.order_seq} 的计量数不合规则：拒绝不计，重复请求不再计",
            f"use {wrong.order_seq} was counted wrongly: a denial costs nothing, a repeated request "
            "nothing more",
        )
        found.bad("bill", name, reason, Fault.BILL_DIFFERS)
    try:
        told = bills.bill(
            contract, units_used=units, entries=entries, bytes_used=bills.bytes_of(events)
        )
    except DomainError as error:
        reason = both("合同的价款或分配不合规则", f"the contract breaks a rule: {error.code}")
        found.bad("bill", name, reason, Fault.BILL_DIFFERS)
        return
    for each in told.differences:
        reason = both(
            f"{each.place} 应为 {each.expected}，实为 {each.found}",
            f"{each.place} should be {each.expected} and is {each.found}",
        )
        found.bad("bill", name, reason, Fault.BILL_DIFFERS)
    found.count("bill computed again")
    found.note(bill_in_words(told))


def bill_in_words(told: bills.Bill) -> str:
    """Return what the bill comes to, in both languages."""
    zh = f"账单：应付 {yuan(told.due_fen)}，实收 {yuan(told.paid_fen)}，放款 {yuan(told.released_fen)}，"
    zh += f"退款 {yuan(told.refunded_fen)}；计量 {told.units_used}"
    en = f"bill: due {yuan(told.due_fen)}, paid {yuan(told.paid_fen)}, released "
    en += f"{yuan(told.released_fen)}, refunded {yuan(told.refunded_fen)}; {told.units_used} units used"
    if told.units_bought is not None:
        zh, en = f"{zh} / {told.units_bought}", f"{en} of {told.units_bought}"
    if told.used_fen is not None:
        zh, en = f"{zh}，按单价 {yuan(told.used_fen)}", f"{en}, worth {yuan(told.used_fen)}"
    for account, fen in told.portions if told.released_fen else ():
        zh, en = f"{zh}；{account} {yuan(fen)}", f"{en}; {account} {yuan(fen)}"
    return both(zh, en)
