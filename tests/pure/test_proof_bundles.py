"""A bundle proves an order offline; whatever is changed in it, and signed anew, is named."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import msgspec
import pytest

from catalog.audit_log import key_notices
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.export_format import Keys, NoticeRow
from catalog.audit_log.key_notices import Action
from catalog.audit_log.verdict import Fault
from catalog.certificates.states import State as Standing
from catalog.kernel.actor import Clearance
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from catalog.witnessing.policy import Policy, parse_policy
from market.proof_bundles import archive, binding, showing
from market.proof_bundles.model import Kind, Manifest, Reader, Shown
from market.proof_bundles.sealing import signed
from market.proof_bundles.words import in_words
from tests.bundle_tampering import (
    Change,
    Parts,
    first_bad,
    resealed,
    verdict_of,
    with_json,
    with_json_lines,
    with_lines,
)
from tests.log_of_tests import ORIGIN, signer_of
from tests.order_in_memory import OrderInMemory, actor_of
from tests.witnessed_log import MemoryWitness

AT = 1_772_413_323
WITNESS = MemoryWitness("w.example/1")


@pytest.fixture(scope="module")
def order() -> OrderInMemory:
    return OrderInMemory(uses=9, later=2)


@pytest.fixture(scope="module")
def genuine(order: OrderInMemory) -> Parts:
    return archive.unpack(order.bundle())


def policy_of(order: OrderInMemory, quorum: str = "w") -> Policy:
    lines = f"log {order.log_key}\nwitness w {WITNESS.key}\nquorum {quorum}\n"
    return parse_policy(lines.encode())


# ── what is genuine ─────────────────────────────────────────────────────────────────────────


def test_a_bundle_proves_entries_completeness_signatures_certificate_and_bill(
    order: OrderInMemory, genuine: Parts
) -> None:
    verdict = verdict_of(genuine)

    assert verdict.problems == ()
    assert verdict.counts["entries"] == 19
    assert verdict.counts["uses"] == 11
    assert verdict.counts["payloads"] + verdict.counts["payloads withheld"] == 19
    assert verdict.counts["complete subjects"] == 1
    assert verdict.counts["members"] == len(genuine) - 4
    notes = "\n".join(verdict.notes)
    assert "2 entries are younger than the newest heads" in notes
    assert "due ¥123,450.00, paid ¥123,450.00, released ¥123,450.00" in notes
    assert f"platform_fee/{order.platform} ¥6,172.50" in notes
    assert "the keys come from the bundle itself" in notes
    assert "no policy is given" in notes


def test_the_same_state_gives_the_same_bytes(order: OrderInMemory) -> None:
    assert order.bundle() == order.bundle() == OrderInMemory(uses=9, later=2).bundle()


def test_own_keys_and_an_own_policy_are_what_counts(order: OrderInMemory, genuine: Parts) -> None:
    note = order.note()
    witnessed = archive.unpack(order.bundle(note=note + WITNESS.line(note, AT)))

    seen = verdict_of(witnessed, policy=policy_of(order), keys=order.published())
    trusted = verdict_of(witnessed, policy=policy_of(order), trusted=order.log_key)

    assert seen.problems == trusted.problems == ()
    assert seen.counts["witnesses"] == 1
    assert not any("--policy" in line for line in seen.notes)
    assert verdict_of(genuine, policy=policy_of(order, "none")).problems == ()


def test_a_policy_that_is_not_met_is_named(order: OrderInMemory, genuine: Parts) -> None:
    policy, note = policy_of(order), order.note()
    stranger = VerifierKey("shushi.example/log", signer_of(Purpose.CHECKPOINT, "other").public_key)
    foreign = parse_policy(f"log {stranger}\nquorum none\n".encode())
    forged = note + WITNESS.line(note, AT)[:-8] + b"AAAAAA=\n"
    bad_line = archive.unpack(order.bundle(note=forged))

    assert first_bad(verdict_of(genuine, policy=policy))[2] == Fault.QUORUM_MISSING
    assert first_bad(verdict_of(genuine, policy=foreign))[2] == Fault.OTHER_LOG
    assert first_bad(verdict_of(bad_line, policy=policy))[2] == Fault.SIGNATURE_WRONG
    both = {"policy": policy_of(order, "none"), "trusted": stranger}
    assert first_bad(verdict_of(genuine, **both))[2] == Fault.OTHER_LOG
    assert first_bad(verdict_of(genuine, trusted=stranger))[2] == Fault.OTHER_LOG


def test_who_knows_an_older_key_of_the_log_follows_it_to_the_one_that_signed() -> None:
    order = OrderInMemory()
    old, new = signer_of(Purpose.CHECKPOINT, "old"), order.log_signer
    known, signing = VerifierKey(ORIGIN, old.public_key), order.log_key
    notice = key_notices.drawn_up(Action.ANNOUNCE, signing, known, order.now)
    text = notice.text().encode()
    signatures = [(known, old.sign(text)), (signing, new.sign(text))]
    row = NoticeRow(1, key_notices.signed(notice, signatures))
    told = msgspec.structs.replace(order.published(), notices=[row])
    gathered = msgspec.structs.replace(order.gathered(), keys=told)
    parts = archive.unpack(order.sealed(gathered))

    assert verdict_of(parts, trusted=known).problems == ()
    assert verdict_of(parts).problems == ()


@pytest.mark.parametrize("purpose", ["statement", "contract", "certificate"])
def test_what_a_distrusted_key_signed_counts_if_its_entry_stands_before(
    order: OrderInMemory, genuine: Parts, purpose: str
) -> None:
    def distrusted(since: int) -> Keys:
        known = order.published()
        rows = [
            msgspec.structs.replace(row, distrusted_from=since) if row.purpose == purpose else row
            for row in known.keys
        ]
        return msgspec.structs.replace(known, keys=rows)

    early = verdict_of(genuine, keys=distrusted(3))
    late = verdict_of(genuine, keys=distrusted(10_000))

    assert first_bad(early)[::2] == (purpose, Fault.KEY_DISTRUSTED)
    # Of the manifest nothing proves when it was signed.
    is_proven = purpose != "statement"
    assert (late.problems == ()) is is_proven


def test_another_log_key_than_the_one_that_signed_is_named(
    order: OrderInMemory, genuine: Parts
) -> None:
    parts = dict(genuine)
    other = VerifierKey("shushi.example/log", signer_of(Purpose.CHECKPOINT, "other").public_key)
    _json("keys.json", log=str(other))(parts)

    verdict = verdict_of(resealed(parts, order.statement), trusted=order.log_key)

    assert first_bad(verdict) == ("key", "log", Fault.KEY_UNKNOWN)


def test_keys_that_differ_from_one_s_own_are_named(order: OrderInMemory, genuine: Parts) -> None:
    known = order.published()
    lacking = msgspec.structs.replace(known, keys=known.keys[1:])
    other = msgspec.structs.replace(known.keys[0], purpose="report")
    swapped = msgspec.structs.replace(known, keys=[other, *known.keys[1:]])

    for keys in (lacking, swapped):
        kind, name, fault = first_bad(verdict_of(genuine, keys=keys))
        assert (kind, name, fault) == ("key", known.keys[0].key_id, Fault.KEY_UNKNOWN)


@pytest.mark.parametrize("release", ["release", "refund", ""])
def test_an_order_that_is_settled_refunded_or_still_open_is_billed(release: str) -> None:
    verdict = verdict_of(archive.unpack(OrderInMemory(release=release).bundle()))

    assert verdict.problems == ()
    told = next(note for note in verdict.notes if "bill: due" in note)
    assert {"release": "released ¥123,450.00", "refund": "refunded ¥123,450.00"}.get(
        release, "released ¥0.00, refunded ¥0.00"
    ) in told


def test_an_order_without_a_certificate_has_a_bundle_without_one() -> None:
    parts = archive.unpack(OrderInMemory(is_certified=False).bundle())

    assert "certificate.json" not in parts
    assert verdict_of(parts).problems == ()


def test_a_certificate_that_does_not_count_is_told_and_is_no_fault_of_the_bundle() -> None:
    order = OrderInMemory()
    parts = archive.unpack(order.bundle(standing=Standing.REVOKED))

    verdict = verdict_of(parts)

    assert verdict.problems == ()
    assert any("revoked: it does not count" in note for note in verdict.notes)


@pytest.mark.parametrize("kind", [Kind.PRODUCT, Kind.BUYER, Kind.SUPPLIER])
def test_another_subject_has_its_entries_and_their_proofs(kind: Kind) -> None:
    order = OrderInMemory()
    identifier = {
        Kind.PRODUCT: order.product_id,
        Kind.BUYER: order.buyer,
        Kind.SUPPLIER: order.supplier,
    }[kind]
    parts = archive.unpack(order.bundle(subject=f"{kind}:{identifier}"))

    verdict = verdict_of(parts)

    assert verdict.problems == ()
    assert verdict.counts["complete subjects"] == 1
    assert "usage.jsonl" not in parts
    assert "bill computed again" not in verdict.counts


def test_a_subject_without_entries_has_a_bundle_that_proves_it() -> None:
    order = OrderInMemory()

    verdict = verdict_of(archive.unpack(order.bundle(subject="product:unknown")))

    assert verdict.problems == ()
    assert verdict.counts["entries"] == 0
    assert verdict.counts["complete subjects"] == 1


def test_a_certificate_s_own_bundle_holds_it() -> None:
    order = OrderInMemory()
    gathered = order.gathered(subject=f"certificate:{order.certificate}")
    papers = order._certificate_papers(Standing.ACTIVE)

    whole = msgspec.structs.replace(gathered, certificate=papers)

    verdict = verdict_of(archive.unpack(order.sealed(whole)))

    assert verdict.problems == ()
    assert verdict.counts["certificate"] == 1


# ── who is shown what ───────────────────────────────────────────────────────────────────────


def test_one_is_shown_one_s_own_acts_and_an_auditor_all_of_them() -> None:
    order = OrderInMemory()

    def states(**who: Any) -> set[Shown]:
        viewer = actor_of(who.pop("party"), *who.pop("may", ()), **who)
        return {entry.state for entry in order.gathered(viewer).entries}

    assert states(party=order.buyer) == {Shown.SHOWN, Shown.WITHHELD}
    assert states(party=None) == {Shown.WITHHELD}
    assert states(party=None, may=("audit:read",)) == {Shown.SHOWN}


def test_what_was_erased_is_named_and_stays_proven() -> None:
    order = OrderInMemory()
    place = next(i for i, leaf in enumerate(order.leaves) if b"data:denied" in leaf)
    order.rows[place] = (order.buyer, None, None)

    verdict = verdict_of(archive.unpack(order.bundle()))

    assert verdict.problems == ()
    assert verdict.counts["payloads erased"] == 1


@pytest.mark.parametrize(
    ("clearance", "reader"),
    [
        (Clearance.PARTY, Reader.OWN_PARTY),
        (Clearance.AUDITOR, Reader.OWN_PARTY),
        (Clearance.STAFF, Reader.OPERATOR),
        (Clearance.SYSTEM, Reader.OPERATOR),
        (Clearance.REGULATOR, Reader.AUTHORITY),
    ],
)
def test_the_reader_follows_from_the_clearance(clearance: Clearance, reader: Reader) -> None:
    assert showing.reader_of(actor_of(uuid.uuid4(), clearance=clearance)) is reader


# ── what must be bound before a bundle is handed out ────────────────────────────────────────


def test_a_bundle_is_not_ready_while_something_in_it_is_not_under_the_checkpoint() -> None:
    order = OrderInMemory()
    gathered = order.gathered()
    wanted = binding.wanted(gathered.order, None, order.keys)

    with pytest.raises(binding.ProofBundleNotReady):
        binding.chosen(wanted, [], [])
    older = msgspec.structs.replace(order.keys[0], valid_to=order.now)
    revoked = binding.wanted(None, None, [older])
    from catalog.audit_log.model import PlacedEntry

    every = [PlacedEntry(i, leaf, None, None, None) for i, leaf in enumerate(order.leaves)]
    with pytest.raises(binding.ProofBundleNotReady):
        binding.chosen(revoked, every, [])
    own = [each for each in every if b"key:registered" in each.leaf]
    assert binding.chosen(binding.wanted(None, None, order.keys), every, own) == []
    assert binding.certificate_of(None) is None


# ── what is changed, and signed anew by whoever has the key for statements ──────────────────


def _drop(name: str, at: int) -> Change:
    return lambda parts: with_lines(parts, name, lambda lines: lines.__delitem__(at))


def _swap(*names: str) -> Change:
    def change(parts: Parts) -> None:
        for name in names:
            with_lines(parts, name, lambda lines: lines.__setitem__(slice(8, 10), lines[9:7:-1]))

    return change


def _line(name: str, at: int, **members: Any) -> Change:
    return lambda parts: with_json_lines(parts, name, lambda told: told[at].update(members))


def _json(name: str, **members: Any) -> Change:
    return lambda parts: with_json(parts, name, lambda told: told.update(members))


def _raw(name: str, old: bytes, new: bytes) -> Change:
    def change(parts: Parts) -> None:
        assert old in parts[name], name
        parts[name] = parts[name].replace(old, new, 1)

    return change


def _set(name: str, raw: bytes) -> Change:
    return lambda parts: parts.__setitem__(name, raw)


def _without(*names: str) -> Change:
    def change(parts: Parts) -> None:
        for name in names:
            del parts[name]

    return change


def _all(*changes: Change) -> Change:
    def change(parts: Parts) -> None:
        for each in changes:
            each(parts)

    return change


_HIDE = _all(*(_drop(name, 9) for name in ("leaves.jsonl", "proofs.jsonl", "payloads.jsonl")))
_HIDE_USE = _all(_HIDE, _drop("usage.jsonl", 1))


def _twice(name: str) -> Change:
    return lambda parts: with_lines(parts, name, lambda lines: lines.insert(9, lines[8]))


_TWICE = _all(*(_twice(name) for name in ("leaves.jsonl", "proofs.jsonl", "payloads.jsonl")))


def _first_leaf_is_no_json(parts: Parts) -> None:
    with_lines(parts, "leaves.jsonl", lambda lines: lines.__setitem__(0, b"{}\n"))


def _bind_nothing(parts: Parts) -> None:
    parts["bindings.jsonl"] = b""


def _statement_of_other(parts: Parts) -> None:
    with_json(parts, "statement.json", lambda told: told.update(order_id=str(uuid.UUID(int=9))))


CHANGES: list[tuple[str, Change, str, str | None]] = [
    ("a leaf is changed", _raw("leaves.jsonl", b"data:accessed", b"data:accesseD"), "entry", Fault.NOT_INCLUDED),
    ("a leaf is none", _first_leaf_is_no_json, "entry", Fault.NOT_INCLUDED),
    ("a proof is changed", _line("proofs.jsonl", 3, proof=[]), "entry", Fault.NOT_INCLUDED),
    ("a place is changed", _line("proofs.jsonl", 3, index=4), "entry", Fault.NOT_INCLUDED),
    ("an entry is hidden", _HIDE, "entry", Fault.ENTRY_MISSING),
    ("a use is hidden", _HIDE_USE, "entry", Fault.ENTRY_MISSING),
    ("an entry stands twice", _TWICE, "entry", Fault.CONTENT_DIFFERS),
    ("entries are swapped", _swap("leaves.jsonl", "proofs.jsonl", "payloads.jsonl"), "entry", Fault.CONTENT_DIFFERS),
    ("a payload is another", _line("payloads.jsonl", 8, payload='{"facts":{"units":9}}'), "entry", Fault.PAYLOAD_DIFFERS),
    ("a payload is kept back in silence", _line("payloads.jsonl", 8, state="withheld"), "entry", Fault.PAYLOAD_DIFFERS),
    ("a payload is of another entry", _line("payloads.jsonl", 8, index=1), "entry", Fault.PAYLOAD_DIFFERS),
    ("a line of proofs is missing", _drop("proofs.jsonl", 0), "member", Fault.MALFORMED),
    ("a line of payloads is missing", _drop("payloads.jsonl", 0), "member", Fault.MALFORMED),
    ("a line does not end", _set("leaves.jsonl", b"x"), "member", Fault.MALFORMED),
    ("a line is no JSON", _set("proofs.jsonl", b"x\n"), "member", Fault.MALFORMED),
    ("the checkpoint is changed", _raw("checkpoint", b"\n", b"\n "), "checkpoint", None),
    ("the log's key is none", _json("keys.json", log="x"), "key", Fault.MALFORMED),
    ("the log has no key", _json("keys.json", log=None), "key", Fault.MALFORMED),
    ("the heads are none", _json("heads.json", format=1), "member", Fault.MALFORMED),
    ("the heads are of another format", _json("heads.json", format="x"), "member", Fault.MALFORMED),
    ("the heads have leaves of their own", _json("heads.json", leaves=[]), "member", Fault.MALFORMED),
    ("a binding is changed", _raw("bindings.jsonl", b"key:registered", b"key:registereD"), "entry", Fault.NOT_INCLUDED),
    ("a binding stands twice", _twice("bindings.jsonl"), "entry", Fault.CONTENT_DIFFERS),
    ("no entry binds the keys", _bind_nothing, "key", Fault.NOT_BOUND),
    ("the contract is changed", _raw("contract.json", b'"quantity":1000', b'"quantity":1001'), "contract", Fault.NOT_BOUND),
    ("the contract is not there", _without("contract.json", "contract-signatures.json", "filing.json"), "member", Fault.MEMBER_MISSING),
    ("the price is changed", _raw("filing.json", b"12345", b"12346"), "filing", Fault.NOT_BOUND),
    ("the price is none", _set("filing.json", b"{}"), "member", Fault.MALFORMED),
    ("a use is changed", _raw("usage.jsonl", b'"price_units":1', b'"price_units":0'), "usage", Fault.NOT_BOUND),
    ("a use is left out", _drop("usage.jsonl", 2), "usage", Fault.NOT_BOUND),
    ("the last use is left out", _drop("usage.jsonl", -1), "usage", Fault.ENTRY_MISSING),
    ("a use stands twice", lambda parts: with_lines(parts, "usage.jsonl", lambda ls: ls.append(ls[-1])), "usage", Fault.NOT_BOUND),
    ("the statement is changed", _raw("statement.json", b'"event_count":11', b'"event_count":10'), "statement", Fault.SIGNATURE_WRONG),
    ("the statement is another order's", _statement_of_other, "statement", Fault.SIGNATURE_WRONG),
    ("the statement is none", _set("statement.json", b"{}"), "member", Fault.MALFORMED),
    ("a ledger's line is changed", _raw("journal.jsonl", b"escrow/1", b"escrow/2"), "journal", Fault.NOT_BOUND),
    ("a ledger's line is none", _set("journal.jsonl", b"{}\n"), "member", Fault.MALFORMED),
    ("a ledger's line stands twice", lambda parts: with_lines(parts, "journal.jsonl", lambda ls: ls.append(ls[0])), "journal", Fault.NOT_BOUND),
    ("a ledger's line is left out", _drop("journal.jsonl", 1), "journal", Fault.ENTRY_MISSING),
    ("the licence is another order's", _json("grant.json", order_id=str(uuid.UUID(int=7))), "grant", Fault.CONTENT_DIFFERS),
    ("the licence grants something else", _json("grant.json", content_sha256="00" * 32), "grant", Fault.NOT_BOUND),
    ("the licence is another one", _json("grant.json", id=str(uuid.UUID(int=7))), "grant", Fault.NOT_BOUND),
    ("the licence is not there", _without("grant.json"), "member", Fault.MEMBER_MISSING),
    ("the certificate is not there", _without("certificate.json", "certificate.jwt", "status-list.jwt"), "member", Fault.MEMBER_MISSING),
    ("the certificate is none", _set("certificate.json", b"{}"), "member", Fault.MALFORMED),
    ("the credential is none", _set("certificate.jwt", b"x"), "certificate", Fault.MALFORMED),
    ("the list is none", _set("status-list.jwt", b"x"), "status_list", Fault.MALFORMED),
    ("half of a group is missing", _without("filing.json"), "member", Fault.MEMBER_MISSING),
    ("what every order has is missing", _without("usage.jsonl"), "member", Fault.MEMBER_MISSING),
    ("keys are written in another way", _raw("keys.json", b",", b", "), "member", Fault.MALFORMED),
    ("a proof is written in another way", _raw("proofs.jsonl", b",", b", "), "member", Fault.MALFORMED),
    ("something strange is added", _set("evil.sh", b"x"), "member", Fault.MEMBER_STRANGE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kind", "fault"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES]
)
def test_what_is_changed_and_signed_anew_is_named(
    order: OrderInMemory, genuine: Parts, change: Change, kind: str, fault: str | None
) -> None:
    parts = dict(genuine)
    change(parts)

    verdict = verdict_of(resealed(parts, order.statement))

    found = first_bad(verdict)
    assert (found[0], found[2]) == (kind, fault), verdict.problems


@pytest.mark.parametrize(
    "change",
    [{"content_sha256": "00" * 32}, {"id": str(uuid.UUID(int=7))}],
    ids=["of something else", "another one"],
)
def test_a_licence_from_before_the_log_bound_them_answers_to_contract_and_uses(
    change: dict[str, str],
) -> None:
    order = OrderInMemory(binds_licence=False)
    genuine = archive.unpack(order.bundle())
    parts = dict(genuine)
    _json("grant.json", **change)(parts)

    told = verdict_of(genuine)

    assert told.problems == ()
    assert any("before the log bound licences" in note for note in told.notes)
    found = first_bad(verdict_of(resealed(parts, order.statement)))
    assert found[::2] == ("grant", Fault.CONTENT_DIFFERS)


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"log": "other.example/log"}, Fault.CONTENT_DIFFERS),
        ({"log_size": 3}, Fault.CONTENT_DIFFERS),
        ({"entry_count": 3}, Fault.ENTRY_MISSING),
        ({"heads_log_size": 3}, Fault.CONTENT_DIFFERS),
        ({"subject": "order:x"}, Fault.CONTENT_DIFFERS),
        ({"format": "shushi/proof-bundle/9"}, Fault.MALFORMED),
        ({"drawn_up_at": "yesterday"}, Fault.MALFORMED),
        ({"drawn_up_at": "2026-03-02T01:02:03"}, Fault.MALFORMED),
        ({"drawn_up_at": "2026-03-02T01:03:30Z"}, Fault.CONTENT_DIFFERS),
    ],
)
def test_a_manifest_that_says_something_else_is_named(
    order: OrderInMemory, genuine: Parts, told: dict[str, Any], fault: Fault
) -> None:
    verdict = verdict_of(resealed(genuine, order.statement, **told))

    assert first_bad(verdict)[2] == fault


def _doubled(manifest: Manifest) -> Manifest:
    return msgspec.structs.replace(manifest, members=(*manifest.members, manifest.members[0]))


def test_a_manifest_that_names_a_member_twice_or_one_that_is_not_there_is_named(
    order: OrderInMemory, genuine: Parts
) -> None:
    manifest = msgspec.json.decode(genuine["manifest.json"], type=Manifest)
    twice = dict(genuine) | {"manifest.json": canonical(_doubled(manifest))}
    gone = {name: raw for name, raw in genuine.items() if name != "grant.json"}
    more = dict(genuine) | {"grant.txt": b""}

    assert first_bad(verdict_of(twice)) == ("member", "manifest.json", Fault.MALFORMED)
    assert first_bad(verdict_of(gone)) == ("member", "grant.json", Fault.MEMBER_MISSING)
    assert first_bad(verdict_of(more)) == ("member", "grant.txt", Fault.MEMBER_STRANGE)
    assert first_bad(verdict_of({"manifest.json": b"{}"}))[:2] == ("member", "manifest.json")
    assert first_bad(verdict_of({}))[:2] == ("member", "manifest.json")


# ── what is changed without the key ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("README.txt", b"market", b"Market"),
        ("check.go", b"note.Open", b"note.open"),
        ("SHA256SUMS", b"0", b"1"),
        ("manifest.json", b"own_party", b"authority"),
    ],
)
def test_a_member_that_is_not_the_one_that_was_signed_is_named(
    genuine: Parts, name: str, old: bytes, new: bytes
) -> None:
    parts = dict(genuine)
    _raw(name, old, new)(parts)

    kind, named, fault = first_bad(verdict_of(parts))

    if name == "manifest.json":
        assert (kind, named, fault) == ("statement", "manifest.json", Fault.SIGNATURE_WRONG)
    else:
        assert (kind, named, fault) == ("member", name, Fault.MEMBER_DIFFERS)


def test_sums_that_are_not_those_of_the_members_are_named(
    order: OrderInMemory, genuine: Parts
) -> None:
    manifest = msgspec.json.decode(genuine["manifest.json"], type=Manifest)
    raw = genuine["SHA256SUMS"].replace(b"a", b"b", 1)
    members = tuple(
        msgspec.structs.replace(each, sha256=sha256_hex(raw)) if each.name == "SHA256SUMS" else each
        for each in manifest.members
    )
    others = {
        name: each for name, each in genuine.items() if name[:9] not in ("manifest.", "signature")
    }
    told = canonical(msgspec.structs.replace(manifest, members=members))
    parts = signed(others | {"SHA256SUMS": raw}, told, order.statement)

    assert first_bad(verdict_of(parts)) == ("member", "SHA256SUMS", Fault.CONTENT_DIFFERS)


def test_manifest_and_signature_are_written_as_they_were_handed_out(genuine: Parts) -> None:
    spaced = dict(genuine)
    spaced["manifest.json"] = genuine["manifest.json"].replace(b",", b", ", 1)
    longer = dict(genuine)
    longer["signature.json"] = genuine["signature.json"] + b" "
    other = dict(genuine)
    _json("signature.json", type="shushi/proof-bundle/1")(other)

    assert first_bad(verdict_of(spaced)) == ("member", "manifest.json", Fault.MALFORMED)
    for parts in (longer, other):
        assert first_bad(verdict_of(parts)) == ("member", "signature.json", Fault.MALFORMED)


# ── what only whoever keeps the log could do ────────────────────────────────────────────────


def test_an_entry_that_the_log_hides_from_its_heads_and_from_the_bundle_leaves_a_gap() -> None:
    whole = OrderInMemory(uses=9)
    places = [i for i, leaf in enumerate(whole.leaves) if b"data:accessed" in leaf]
    lying = OrderInMemory(uses=9, hidden=[places[2]])

    verdict = verdict_of(archive.unpack(_unchecked(lying)))

    assert first_bad(verdict)[2] == Fault.ENTRY_MISSING


def _unchecked(order: OrderInMemory) -> bytes:
    """Return a bundle whose statement was drawn up without asking whether a use is missing."""
    from market.proof_bundles import drawing_up

    gathered = order.gathered()
    parts = drawing_up.parts_of(gathered)
    assert gathered.order is not None
    shorter = msgspec.structs.replace(
        gathered.order,
        usage=gathered.order.usage[:1],
        usage_entry_ids=gathered.order.usage_entry_ids[:1],
    )
    document = drawing_up.statement_of(shorter)
    drawing_up.with_statement(parts, document, order.statement.seal(document))
    drawing_up.with_guide(gathered, parts)
    manifest = drawing_up.manifest_of(gathered, parts)
    return order.entered(signed(parts, manifest, order.statement))


def test_heads_that_count_an_entry_that_is_not_shown_convict_the_bundle(
    order: OrderInMemory, genuine: Parts
) -> None:
    parts = dict(genuine)
    for name in ("leaves.jsonl", "proofs.jsonl", "payloads.jsonl"):
        with_lines(parts, name, lambda lines: lines.__delitem__(0))

    verdict = verdict_of(resealed(parts, order.statement))

    kind, name, fault = first_bad(verdict)
    assert (kind, name) == ("heads", f"order:{order.order_id}")
    assert fault == Fault.ENTRY_MISSING


def test_heads_of_another_place_or_checkpoint_prove_nothing(
    order: OrderInMemory, genuine: Parts
) -> None:
    def other_checkpoint(told: Any) -> None:
        told["bound"]["checkpoint"] += "x"

    def other_proof(told: Any) -> None:
        told["proof"]["places"][0]["hashes"] = []

    def other_record(told: Any) -> None:
        told["proof"]["record"] = base64.b64encode(b"{}").decode()

    for change, fault in (
        (other_checkpoint, Fault.CONTENT_DIFFERS),
        (other_proof, Fault.NOT_INCLUDED),
        (other_record, Fault.MALFORMED),
    ):
        parts = dict(genuine)
        with_json(parts, "heads.json", change)
        assert first_bad(verdict_of(resealed(parts, order.statement)))[2] == fault


def test_an_entry_of_another_subject_does_not_belong_there(order: OrderInMemory) -> None:
    gathered = order.gathered()
    entry = order.gathered(subject=f"product:{order.other}").entries[-1]

    more = msgspec.structs.replace(gathered, entries=(*gathered.entries, entry))

    assert first_bad(verdict_of(archive.unpack(order.sealed(more)))) == (
        "entry",
        str(entry.index),
        Fault.CONTENT_DIFFERS,
    )


def test_a_leaf_that_is_none_and_lies_in_the_tree_is_named() -> None:
    order = OrderInMemory()
    order.leaves.append(b"no leaf")
    order.rows.append((None, None, None))
    gathered = order.gathered()
    from catalog.audit_log import merkle
    from catalog.subject_heads import heads
    from market.proof_bundles.model import GatheredEntry

    index = len(order.leaves) - 1
    roots = merkle.ManyRoots(heads.tiles_of([merkle.leaf_hash(leaf) for leaf in order.leaves]))
    proof = tuple(roots.of(merkle.inclusion_spans(index, len(order.leaves))))
    entry = GatheredEntry(index=index, leaf=b"no leaf", proof=proof, state=Shown.ERASED)
    more = msgspec.structs.replace(gathered, entries=(*gathered.entries, entry))

    verdict = verdict_of(archive.unpack(order.sealed(more)))

    assert first_bad(verdict) == ("entry", str(index), Fault.MALFORMED)


def test_words_are_said_in_both_languages_where_there_are_any() -> None:
    assert (
        in_words("entries")
        == "条日志条目在已签名的检查点之下 · entries under the signed checkpoint"
    )
    assert in_words("status: valid") == "status: valid"
