"""The offline checker: what is genuine passes, whatever was changed is found and named."""

from __future__ import annotations

import base64
import datetime as dt
import random
from typing import Any

import msgspec
import pytest

from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.export_format import Keys
from catalog.audit_log.key_record import key_record
from catalog.audit_log.model import Digest
from catalog.audit_log.verdict import ExitCode, Fault, Unreadable, Verdict
from catalog.audit_log.verify import verify_export, verify_tree
from catalog.signing.canonical import sha256_hex
from catalog.signing.purposes import Purpose
from tests.exports import Export, Maker, small_market
from tests.log_of_tests import ORIGIN, log_signer_of_all, signer_of

MARKET = small_market()
GENUINE = MARKET.export()


@pytest.fixture
def export() -> Export:
    return GENUINE.copy()


def verdict_of(export: Export) -> Verdict:
    return verify_export(export, MARKET.log_key)


def first_bad(export: Export) -> str:
    verdict = verdict_of(export)
    assert verdict.exit_code is ExitCode.NOT_GENUINE
    return str(verdict.first_bad)


def change(export: Export, name: str, number: int, **values: Any) -> None:
    rows = export.rows(name)
    rows[number].update(values)
    export.put_rows(name, rows)


def flip(text: str, at: int = 0) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[at] ^= 1
    return base64.b64encode(raw).decode()


def test_a_genuine_export_passes(export: Export) -> None:
    verdict = verdict_of(export)

    assert verdict.problems == ()
    assert verdict.exit_code is ExitCode.GENUINE
    assert verdict.counts["entries"] == 300
    assert verdict.counts["payloads"] == 300
    assert verdict.counts["records of journal"] == 5
    assert verdict.counts["checkpoints"] == 3
    assert verdict.notes == ()


@pytest.mark.parametrize("entries", [30, 256, 257, 512, 700])
def test_a_genuine_export_of_any_size_passes(entries: int) -> None:
    maker = small_market(entries)

    assert verify_export(maker.export(), maker.log_key).problems == ()


def test_without_a_trusted_key_the_export_is_believed_and_that_is_said(export: Export) -> None:
    verdict = verify_export(export)

    assert verdict.problems == ()
    assert "taken from the export itself" in verdict.notes[0]


def test_an_export_under_another_key_is_not_genuine(export: Export) -> None:
    other = VerifierKey(ORIGIN, signer_of(Purpose.CHECKPOINT, "another").public_key)

    verdict = verify_export(export, other)

    assert str(verdict.first_bad) == f"checkpoint newest: is not signed by {ORIGIN}"


def test_a_directory_that_is_no_export_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        verify_export(Export({}))


def test_an_export_of_another_format_is_unreadable(export: Export) -> None:
    manifest = msgspec.json.decode(export.files["manifest.json"])
    export.files["manifest.json"] = msgspec.json.encode({**manifest, "format": "other/9"})

    with pytest.raises(Unreadable, match="other/9"):
        verify_export(export)


@pytest.mark.parametrize("at", [0, 17, 255, 256, 299])
def test_a_flipped_bit_of_a_leaf_names_the_entry(export: Export, at: int) -> None:
    name = "tile/entries/000" if at < 256 else "tile/entries/001.p/44"
    start = sum(2 + len(leaf) for leaf in MARKET.leaves[at // 256 * 256 : at])
    raw = bytearray(export.files[name])
    raw[start + 2 + MARKET.leaves[at].index(b'"event":"') + 9] ^= 1
    export.files[name] = bytes(raw)

    assert first_bad(export) == f"entry {at}: its bytes do not have the hash that its tile holds"


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_flipped_bit_of_a_tile_names_the_tile(export: Export, name: str) -> None:
    raw = bytearray(export.files[name])
    raw[7] ^= 1
    export.files[name] = bytes(raw)

    verdict = verdict_of(export)

    assert {problem.kind for problem in verdict.problems} == {"tile"}


def test_a_rewritten_log_is_named_by_its_first_checkpoint(export: Export) -> None:
    forger = Maker()
    forger.__dict__.update({**MARKET.__dict__, "leaves": list(MARKET.leaves)})
    forger.leaves[20] = forger.leaves[20].replace(b'"v":1', b'"v":1 ')
    forged = forger.export()
    for name in ("checkpoint",):
        forged.files[name] = GENUINE.files[name]

    assert first_bad(forged) == "checkpoint 25: entries 14 to 24 do not have the signed root"


@pytest.mark.parametrize(("cut", "missing"), [(299, 299), (290, 290)])
def test_a_log_that_was_cut_short_names_the_first_missing_entry(cut: int, missing: int) -> None:
    shorter = Maker()
    shorter.__dict__.update(
        {**MARKET.__dict__, "leaves": MARKET.leaves[:cut], "payloads": MARKET.payloads[:cut]}
    )
    shorter.checkpoints = list(MARKET.checkpoints)
    shorter.sign()
    export = shorter.export()
    for name in ("checkpoint", "checkpoints.jsonl", "signer.jsonl"):
        export.files[name] = GENUINE.files[name]

    assert first_bad(export) == f"entry {missing}: is missing: 300 were signed"


CASES: list[tuple[str, int, dict[str, Any], str]] = [
    (
        "payloads.jsonl",
        5,
        {"event": "x:y"},
        "entry 5: time or event in its row differ from the leaf",
    ),
    ("payloads.jsonl", 5, {"subjects": ["product:2"]}, "entry 5: the subjects in its row"),
    ("payloads.jsonl", 5, {"actor_party_id": "x"}, "entry 5: the actor in its row"),
    ("payloads.jsonl", 5, {"payload": None, "salt": None}, "entry 5: its payload is gone"),
    ("payloads.jsonl", 5, {"payload": "e30="}, "entry 5: its payload is not the one"),
    ("payloads.jsonl", 5, {"entry_id": "x"}, "entry 5: is stored under the id x"),
    ("payloads.jsonl", 5, {"at": None}, "entry 5: the payload of"),
    ("payloads.jsonl", 5, {"idx": 4}, "payload "),
    ("checkpoints.jsonl", 1, {"size": 26}, "checkpoint 26: its columns differ from its note"),
    ("checkpoints.jsonl", 1, {"published_at": "x"}, "checkpoint 25: was signed at another time"),
    ("checkpoints.jsonl", 1, {"note": "e30="}, "checkpoint 25: is malformed"),
    ("signer.jsonl", 1, {"size": 3}, "checkpoint 3: the signer's journal contradicts itself"),
    ("records/journal.jsonl", 2, {"id": "j-9"}, "journal j-9: no entry of the log knows it"),
    ("records/journal.jsonl", 2, {"columns": {"kind": "refund"}}, "journal j-2: its column kind"),
    ("records/usage.jsonl", 0, {"columns": {"bytes": 1}}, "usage u-0: its column bytes differs"),
    ("records/usage.jsonl", 0, {"record": "e30="}, "usage u-0: its bytes do not have the digest"),
    (
        "records/usage.jsonl",
        0,
        {"signatures": [{"key_id": "x", "value": ""}]},
        "usage u-0: a usage",
    ),
    (
        "records/certificate.jsonl",
        0,
        {"signatures": []},
        "certificate HN-DPR-2026-0000: it bears no",
    ),
    (
        "records/report.jsonl",
        0,
        {"signatures": [{"key_id": "x", "value": ""}]},
        "report r-1: its key x",
    ),
    ("balances.jsonl", 0, {"posted_fen": 5}, "account order_escrow/0: holds 5 fen"),
]


@pytest.mark.parametrize(("name", "number", "values", "expected"), CASES)
def test_a_changed_row_is_named_with_its_reason(
    export: Export, name: str, number: int, values: dict[str, Any], expected: str
) -> None:
    change(export, name, number, **values)

    assert first_bad(export).startswith(expected)


def test_a_flipped_signature_is_named(export: Export) -> None:
    rows = export.rows("records/contract.jsonl")
    rows[0]["signatures"][1]["value"] = flip(rows[0]["signatures"][1]["value"])
    export.put_rows("records/contract.jsonl", rows)

    assert first_bad(export) == "contract o-1: its signature does not verify"


def test_a_signature_by_the_wrong_party_is_named(export: Export) -> None:
    rows = export.rows("records/contract.jsonl")
    rows[0]["signatures"][1]["holder_party_id"] = rows[0]["signatures"][0]["holder_party_id"]
    export.put_rows("records/contract.jsonl", rows)

    assert "is not known for this" in first_bad(export)


def test_a_key_that_was_changed_is_named(export: Export) -> None:
    keys = msgspec.json.decode(export.files["keys.json"])
    keys["keys"][1]["valid_to"] = "2030-01-01T00:00:00.000000Z"
    export.files["keys.json"] = msgspec.json.encode(keys)

    key = keys["keys"][1]["key_id"]
    assert first_bad(export) == f"key {key}: it does not have the digest that the log holds"


@pytest.mark.parametrize("kind", ["journal", "usage", "certificate", "contract", "report"])
def test_a_record_that_is_gone_is_named(export: Export, kind: str) -> None:
    rows = export.rows(f"records/{kind}.jsonl")
    gone = rows.pop()
    export.put_rows(f"records/{kind}.jsonl", rows)
    export.files.pop(f"certificates/{gone['id']}.json", None)

    verdict = verdict_of(export)

    assert f"{kind} {gone['id']}: its digest is in the log, but the record is gone" in [
        str(problem) for problem in verdict.problems
    ]


def test_all_records_of_a_kind_that_are_gone_are_named(export: Export) -> None:
    del export.files["records/usage.jsonl"]

    assert first_bad(export) == "usage u-0: its digest is in the log, but the record is gone"


def test_a_balance_that_is_gone_is_named(export: Export) -> None:
    export.files["balances.jsonl"] = b""

    assert first_bad(export) == "account order_escrow/0: its balance is gone"


def test_records_in_another_order_are_named(export: Export) -> None:
    rows = export.rows("records/journal.jsonl")
    rows[1], rows[2] = rows[2], rows[1]
    export.put_rows("records/journal.jsonl", rows)

    assert first_bad(export) == "journal j-1: stands out of order"


def test_a_journal_entry_that_does_not_sum_to_zero_is_named() -> None:
    maker = Maker()
    maker.register(maker.signer)
    maker.bind("journal", "j-1", {"legs": [["a/b", -5], ["c/d", 6]]})
    maker.sign()

    verdict = verify_export(maker.export(), maker.log_key)

    assert str(verdict.first_bad) == "journal j-1: its legs do not sum to zero"


def test_a_bound_journal_record_that_is_no_entry_is_named() -> None:
    maker = Maker()
    maker.bind("journal", "j-1", {"legs": []})
    maker.bind("journal", "j-2", {"legs": 5, "x": 1}, columns=("x",))
    maker.records["journal"][0] = msgspec.structs.replace(maker.records["journal"][0])
    maker.sign()
    export = maker.records["journal"]
    assert export
    made = Maker.export.__get__(maker)
    maker.records["journal"] = [export[0]]
    files = made()
    files.put_rows("records/journal.jsonl", [msgspec.to_builtins(row) for row in export])

    verdict = verify_export(files, maker.log_key)

    assert str(verdict.first_bad).startswith("journal j-2: it is no journal entry")


def test_a_gap_in_the_entries_of_an_order_is_named() -> None:
    from catalog.audit_log.model import Subject

    maker = Maker()
    order = (Subject("order", "o-1"),)
    for seq in (1, 2, 4):
        maker.append(subjects=order, order_seq=seq)
    maker.sign()

    verdict = verify_export(maker.export(), maker.log_key)

    assert str(verdict.first_bad) == "entry 2: is number 4 of order o-1, but 3 was due"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("manifest.json", "file manifest.json: is missing"),
        ("checkpoint", "checkpoint newest: is missing"),
        ("keys.json", "file keys.json: is missing"),
        ("state.json", "file state.json: is missing"),
        ("tile/0/000", "tile tile/0/000: is missing"),
        ("tile/1/000.p/1", "tile tile/1/000.p/1: is missing"),
        ("tile/entries/001.p/44", "entry 256: is missing: 300 were signed"),
        ("tile/entries/000", "entry 0: is missing: 300 were signed"),
    ],
)
def test_a_missing_file_is_named(export: Export, name: str, expected: str) -> None:
    del export.files[name]

    assert expected in [str(problem) for problem in verdict_of(export).problems]


@pytest.mark.parametrize("name", ["manifest.json", "keys.json", "state.json", "checkpoint",
    "payloads.jsonl", "checkpoints.jsonl", "signer.jsonl", "records/journal.jsonl",
    "records/usage.jsonl", "balances.jsonl", "certificates/HN-DPR-2026-0000.json",
    "tile/entries/000"])  # fmt: skip
@pytest.mark.parametrize("garbage", [b"\xff\xfe garbage\n", b"{}\n", b"[1]\n", b""])
def test_garbage_in_place_of_any_file_is_found_and_never_a_crash(
    export: Export, name: str, garbage: bytes
) -> None:
    export.files[name] = garbage

    assert verdict_of(export).exit_code is ExitCode.NOT_GENUINE


@pytest.mark.parametrize("name", ["tile/0/001", "tile/2/000.p/1", "tile/entries/002", "tile/x"])
def test_a_file_too_many_in_the_tree_is_named(export: Export, name: str) -> None:
    export.files[name] = b"\x00\x01x"

    assert verdict_of(export).exit_code is ExitCode.NOT_GENUINE


def test_a_stray_row_is_named(export: Export) -> None:
    export.put_rows("strays.jsonl", [{"kind": "entry", "id": "-5"}])

    assert first_bad(export) == "entry -5: stands where the log has no place for it"


def test_an_entry_beyond_the_end_of_the_log_is_named(export: Export) -> None:
    from catalog.audit_log import tiles

    export.files["tile/entries/001.p/45"] = tiles.pack([*MARKET.leaves[256:], MARKET.leaves[0]])

    assert "entry 300: stands beyond the end of the log" in [
        str(problem) for problem in verdict_of(export).problems
    ]


def test_an_entry_without_bytes_is_named_as_missing(export: Export) -> None:
    from catalog.audit_log import tiles

    leaves = list(MARKET.leaves[:256])
    leaves[40] = b""
    export.files["tile/entries/000"] = tiles.pack(leaves)

    assert first_bad(export) == "entry 40: is missing"


def test_entries_that_wait_for_their_place_are_told(export: Export) -> None:
    waiting = Maker()
    waiting.append("order:placed")
    row = msgspec.to_builtins(waiting.payloads[0])
    leaf = base64.b64encode(waiting.leaves[0]).decode()
    export.put_rows("unsequenced.jsonl", [{**row, "idx": None, "leaf": leaf}])

    verdict = verdict_of(export)

    assert verdict.problems == ()
    assert verdict.notes == ("1 entries wait for their place; nothing proves them yet",)

    export.put_rows("unsequenced.jsonl", [{**row, "idx": None, "leaf": leaf, "event": "a:b"}])
    assert first_bad(export).startswith(f"unsequenced {row['entry_id']}: time or event")
    export.put_rows("unsequenced.jsonl", [{**row, "idx": None, "leaf": "e30="}])
    assert first_bad(export).startswith(f"entry {row['entry_id']}: is no leaf")


def test_an_export_without_payloads_passes_when_it_says_so(export: Export) -> None:
    manifest = msgspec.json.decode(export.files["manifest.json"])
    export.files["manifest.json"] = msgspec.json.encode({**manifest, "payloads": False})
    export.files["payloads.jsonl"] = b""

    assert verdict_of(export).problems == ()


def test_an_export_without_the_signers_journal_passes_and_says_so(export: Export) -> None:
    del export.files["signer.jsonl"]

    verdict = verdict_of(export)

    assert verdict.problems == ()
    assert verdict.notes == ("the signer's own journal was not exported",)


def test_the_tree_alone_is_checked_from_what_a_server_publishes(export: Export) -> None:
    published = Export(
        {n: c for n, c in export.files.items() if n.startswith("tile/") or n == "checkpoint"}
    )

    assert verify_tree(published, MARKET.log_key).problems == ()

    raw = bytearray(published.files["tile/entries/000"])
    raw[100] ^= 1
    published.files["tile/entries/000"] = bytes(raw)
    assert str(verify_tree(published, MARKET.log_key).first_bad).startswith("entry 0:")
    with pytest.raises(Unreadable):
        verify_tree(Export({}), MARKET.log_key)


@pytest.mark.parametrize("seed", range(60))
def test_a_random_tampering_is_found_and_named(seed: int) -> None:
    from tests.tampering import tamper

    export = GENUINE.copy()
    told = tamper(export, random.Random(seed))

    verdict = verdict_of(export)

    assert verdict.first_bad is not None, told
    assert verdict.first_bad.id
    assert verdict.first_bad.reason


def test_an_export_that_names_no_usable_key_is_not_genuine(export: Export) -> None:
    keys = msgspec.json.decode(export.files["keys.json"])
    export.files["keys.json"] = msgspec.json.encode({**keys, "log": "nonsense"})

    assert str(verify_export(export).first_bad).startswith("key log: the log's verifier key")


def test_an_export_without_keys_and_without_a_trusted_one_is_not_genuine(export: Export) -> None:
    del export.files["keys.json"]

    assert str(verify_export(export).first_bad) == "file keys.json: is missing"


def test_the_tree_alone_needs_no_checkpoint_that_is_signed_by_another(export: Export) -> None:
    other = VerifierKey(ORIGIN, signer_of(Purpose.CHECKPOINT, "another").public_key)

    assert verify_tree(export, other).exit_code != ExitCode.GENUINE


def test_a_checkpoint_that_only_the_signer_has_is_named(export: Export) -> None:
    export.put_rows("checkpoints.jsonl", export.rows("checkpoints.jsonl")[:-1])

    told = [str(problem) for problem in verdict_of(export).problems]

    assert "checkpoint 300: was signed, but is not stored" in told
    assert "checkpoint 300: is not the newest one stored" in told


def test_a_checkpoint_that_the_signer_does_not_have_is_named(export: Export) -> None:
    export.put_rows("signer.jsonl", export.rows("signer.jsonl")[1:])

    assert first_bad(export) == "checkpoint 14: the signer's journal does not have it"


def test_a_checkpoint_that_was_left_out_is_named_by_the_one_after_it(export: Export) -> None:
    for name in ("checkpoints.jsonl", "signer.jsonl"):
        rows = export.rows(name)
        export.put_rows(name, [*rows[:1], *rows[2:]])

    assert "which is not the one before it" in first_bad(export)


def test_two_roots_signed_for_one_size_are_named(export: Export) -> None:
    from catalog.audit_log.checkpoint import Checkpoint, signed_note
    from catalog.audit_log.merkle import EMPTY_ROOT

    forked = Checkpoint(ORIGIN, 300, EMPTY_ROOT)
    note = signed_note(forked, MARKET.log_key, MARKET.signer.sign(forked.text().encode()))
    root = base64.b64encode(EMPTY_ROOT).decode()
    change(export, "checkpoints.jsonl", 2, note=base64.b64encode(note).decode(), root=root)

    told = [str(problem) for problem in verdict_of(export).problems]

    assert "checkpoint 300: two roots were signed for this size" in told


def test_an_entry_of_an_unknown_version_is_named(export: Export) -> None:
    maker = Maker()
    maker.append()
    maker.leaves[0] = maker.leaves[0].replace(b'"v":1', b'"v":9')
    maker.sign()

    verdict = verify_export(maker.export(), maker.log_key)

    assert str(verdict.first_bad) == "entry 0: has the unknown version 9"


def test_a_payload_that_says_nothing_of_its_actor_is_named() -> None:
    from catalog.audit_log.leaf import commitment

    maker = Maker()
    maker.append()
    row = maker.payloads[0]
    assert row.salt is not None
    told = commitment(row.salt, b"[]")
    old = msgspec.json.decode(maker.leaves[0])["payload_sha256"]
    maker.leaves[0] = maker.leaves[0].replace(old.encode(), told.encode())
    maker.payloads[0] = msgspec.structs.replace(row, payload=b"[]")
    maker.sign()

    verdict = verify_export(maker.export(), maker.log_key)

    assert str(verdict.first_bad).startswith("entry 0: its payload is not readable")


def test_a_bundle_with_an_entry_too_many_is_named(export: Export) -> None:
    from catalog.audit_log import tiles

    export.files["tile/entries/000"] = tiles.pack([*MARKET.leaves[:256], MARKET.leaves[0]])

    assert first_bad(export) == "entry 256: is one too many for its bundle"


def test_entries_that_are_sequenced_but_not_signed_are_told() -> None:
    maker = small_market(40)
    signed = list(maker.checkpoints)
    maker.append()
    maker.sign()
    unsigned = maker.export()
    maker.checkpoints = signed
    genuine = Maker()
    genuine.__dict__.update({**maker.__dict__, "leaves": maker.leaves[:40]})
    genuine.payloads = maker.payloads[:40]
    export = genuine.export()
    for name in ("state.json", "payloads.jsonl", "tile/entries/000.p/41"):
        export.files[name] = unsigned.files[name]

    verdict = verify_export(export, maker.log_key)

    assert verdict.problems == ()
    assert verdict.notes == ("1 entries have their place but are not signed yet",)


def test_a_state_that_counts_entries_that_are_not_there_is_named(export: Export) -> None:
    state = msgspec.json.decode(export.files["state.json"])
    for change_of, expected in (
        ({"size": 301}, "state size: says 301, but there are 300 entries"),
        ({"root": base64.b64encode(bytes(32)).decode()}, "state root: is not the root"),
        ({"frontier": "AAAA"}, "state frontier: is not the edge of the tree"),
    ):
        export.files["state.json"] = msgspec.json.encode({**state, **change_of})
        assert first_bad(export).startswith(expected)


@pytest.mark.parametrize("signatures", [0, 1, 3])
def test_a_contract_bears_as_many_signatures_as_were_entered(
    export: Export, signatures: int
) -> None:
    rows = export.rows("records/contract.jsonl")
    rows[0]["signatures"] = (rows[0]["signatures"] * 2)[:signatures]
    export.put_rows("records/contract.jsonl", rows)

    expected = f"contract o-1: 2 signed it, but it bears {signatures} signatures"
    assert first_bad(export) == expected


def test_a_draft_that_nobody_signed_bears_no_signature_and_is_bound_like_any_contract(
    export: Export,
) -> None:
    signed, draft = export.rows("records/contract.jsonl")

    taken = {**draft, "signatures": signed["signatures"][:1]}
    export.put_rows("records/contract.jsonl", [signed, taken])
    assert first_bad(export) == "contract o-2: 0 signed it, but it bears 1 signatures"

    export.put_rows("records/contract.jsonl", [signed])
    expected = "contract o-2: its digest is in the log, but the record is gone"
    assert first_bad(export) == expected

    slipped_in = {**draft, "id": "o-3"}
    export.put_rows("records/contract.jsonl", [signed, draft, slipped_in])
    assert first_bad(export) == "contract o-3: no entry of the log knows it"


def test_a_column_leads_into_the_record_by_the_names_between_its_dots() -> None:
    maker = Maker()
    maker.register(maker.signer)
    maker.bind("contract", "o-1", {"buyer": {"party_id": "p-1"}, "n": 1})
    maker.sign()
    export = maker.export()

    def told(column: str, value: str) -> str | None:
        rows = export.rows("records/contract.jsonl")
        rows[0]["columns"] = {column: value}
        export.put_rows("records/contract.jsonl", rows)
        found = verify_export(export, maker.log_key).first_bad
        return None if found is None else found.reason

    assert told("buyer.party_id", "p-1") is None
    for column, value in (("buyer.party_id", "p-2"), ("buyer.name", "p-1"), ("n.party_id", "p-1")):
        assert told(column, value) == f"its column {column} differs from its bytes"


def test_a_signature_by_a_key_that_was_over_is_named() -> None:
    maker = Maker()
    maker.register(maker.signer)
    certificate = signer_of(Purpose.CERTIFICATE)
    maker.register(certificate)
    ended = msgspec.structs.replace(maker.keys[1], valid_to=maker.now)
    maker.bind("certificate", "c-1", {"n": 1}, certificate)
    from catalog.audit_log.key_record import key_record
    from catalog.audit_log.leaf import instant
    from catalog.audit_log.model import Digest
    from catalog.signing.canonical import sha256_hex

    maker.append(digests=(Digest("key", ended.key_id, sha256_hex(key_record(ended))),))
    maker.sign()
    export = maker.export()
    keys = msgspec.json.decode(export.files["keys.json"])
    keys["keys"][1]["valid_to"] = instant(ended.valid_to or maker.now)
    export.files["keys.json"] = msgspec.json.encode(keys)

    verdict = verify_export(export, maker.log_key)

    assert "was not valid when it was signed" in str(verdict.first_bad)


def test_a_file_of_a_certificate_nobody_issued_is_named(export: Export) -> None:
    genuine = export.files["certificates/HN-DPR-2026-0000.json"]
    export.files["certificates/forged.json"] = genuine

    assert first_bad(export) == "certificate forged: no entry of the log knows it"


def test_a_file_that_holds_another_certificate_is_named(export: Export) -> None:
    other = export.files["certificates/HN-DPR-2026-0001.json"]
    export.files["certificates/HN-DPR-2026-0000.json"] = other

    assert first_bad(export) == (
        "certificate HN-DPR-2026-0000: its file does not have the digest that the log holds"
    )


def test_what_waits_in_an_export_without_payloads_is_told_too(export: Export) -> None:
    waiting = Maker()
    waiting.append("order:placed")
    leaf = base64.b64encode(waiting.leaves[0]).decode()
    export.put_rows("unsequenced.jsonl", [{"idx": None, "entry_id": "x", "leaf": leaf}])
    manifest = msgspec.json.decode(export.files["manifest.json"])
    export.files["manifest.json"] = msgspec.json.encode({**manifest, "payloads": False})
    export.files["payloads.jsonl"] = b""

    verdict = verdict_of(export)

    assert (verdict.problems, verdict.counts["unsequenced"]) == ((), 1)


def test_a_file_of_a_certificate_with_another_signature_is_named(export: Export) -> None:
    name = "certificates/HN-DPR-2026-0000.json"
    held = msgspec.json.decode(export.files[name])
    for algorithm, key_id, value, expected in (
        ("ed25519", held["signature"]["key_id"], base64.b64encode(bytes(64)).decode(), "verify"),
        ("rsa", held["signature"]["key_id"], held["signature"]["value"], "its key has ed25519"),
        ("ed25519", "0" * 16, held["signature"]["value"], "is not one of the service's"),
    ):
        held["signature"] = {"algorithm": algorithm, "key_id": key_id, "value": value}
        export.files[name] = msgspec.json.encode(held)
        assert expected in first_bad(export)
        held = msgspec.json.decode(GENUINE.files[name])


def test_a_document_is_named_as_well_as_it_can_be() -> None:
    from catalog.audit_log.handed_out import name_of

    assert name_of(b'{"registration_number":"N","id":"x"}') == "N"
    assert name_of(b'{"id":"x"}') == "x"
    assert name_of(b'{"id":5}') == name_of(b"[]") == "(without a number)"
    assert name_of(b"\xff") == "(unreadable)"


def test_columns_beside_bytes_that_are_no_json_are_named() -> None:
    from catalog.audit_log import export_format as form
    from catalog.audit_log.model import Digest
    from catalog.signing.canonical import sha256_hex

    maker = Maker()
    maker.records["usage"] = [form.RecordRow(id="u", record=b"\xff", columns={"a": 1})]
    maker.append(digests=(Digest("usage", "u", sha256_hex(b"\xff")),))
    maker.sign()

    verdict = verify_export(maker.export(), maker.log_key)

    assert str(verdict.first_bad) == "usage u: its bytes are not JSON, though it has columns"


def test_a_key_of_an_unknown_purpose_is_malformed(export: Export) -> None:
    keys = msgspec.json.decode(export.files["keys.json"])
    keys["keys"][1]["purpose"] = "everything"
    export.files["keys.json"] = msgspec.json.encode(keys)

    assert first_bad(export) == f"key {keys['keys'][1]['key_id']}: is malformed"


def test_an_export_that_names_no_key_of_the_log_is_checked_only_with_one_given(
    export: Export,
) -> None:
    keys = msgspec.json.decode(export.files["keys.json"])
    export.files["keys.json"] = msgspec.json.encode({**keys, "log": None})

    assert verify_export(export, MARKET.log_key).problems == ()
    assert "the export names no key of the log" in str(verify_export(export).first_bad)


def _first_bad_of(verdict: Verdict) -> str:
    assert verdict.exit_code is ExitCode.NOT_GENUINE
    return str(verdict.first_bad)


def further_market() -> Maker:
    """Return a log that signs by three algorithms, with keys that it knows."""
    maker = Maker()
    maker.further = log_signer_of_all().further
    for signer in (maker.signer, *maker.further):
        maker.register(signer)
    maker.append()
    maker.sign()
    maker.append()
    maker.sign()
    return maker


FURTHER = further_market()


def test_every_line_of_every_checkpoint_is_checked_whose_key_is_known() -> None:
    verdict = verify_export(FURTHER.export(), FURTHER.log_key)

    # The newest one, the two that are stored, and the two of the signer's journal.
    assert verdict.problems == ()
    assert verdict.counts["checkpoint lines of ml-dsa-44"] == 5
    assert verdict.counts["checkpoint lines of sm2"] == 5
    assert not any("no line" in note for note in verdict.notes)


@pytest.mark.parametrize(("place", "algorithm"), [(1, "ml-dsa-44"), (2, "sm2")])
def test_a_line_that_was_taken_from_the_newest_checkpoint_is_noted(
    place: int, algorithm: str
) -> None:
    export = FURTHER.export()
    text, _, lines = export.files["checkpoint"].decode().partition("\n\n")
    left = lines.splitlines(keepends=True)
    del left[place]
    export.files["checkpoint"] = f"{text}\n\n{''.join(left)}".encode()

    verdict = verify_export(export, FURTHER.log_key)

    assert any(f"no line of {algorithm}" in note for note in verdict.notes)


@pytest.mark.parametrize("algorithm", ["ml-dsa-44", "sm2"])
def test_a_line_of_a_key_that_did_not_sign_this_checkpoint_is_named(algorithm: str) -> None:
    export = FURTHER.export()
    text, _, _ = export.files["checkpoint"].decode().partition("\n\n")
    of_another = FURTHER.checkpoints[0][2].decode().partition("\n\n")[2].splitlines(keepends=True)
    own = export.files["checkpoint"].decode().partition("\n\n")[2].splitlines(keepends=True)
    place = 1 if algorithm == "ml-dsa-44" else 2
    own[place] = of_another[place]
    export.files["checkpoint"] = f"{text}\n\n{''.join(own)}".encode()

    assert _first_bad_of(verify_export(export, FURTHER.log_key)) == (
        f"checkpoint newest: its line of {algorithm} is not of the log's key"
    )


def test_a_stored_note_is_that_of_the_signers_journal_to_the_last_line() -> None:
    export = FURTHER.export()
    rows = [msgspec.json.decode(line) for line in export.files["checkpoints.jsonl"].splitlines()]
    note = base64.b64decode(rows[0]["note"]).decode()
    rows[0]["note"] = base64.b64encode(
        "".join(note.splitlines(keepends=True)[:-1]).encode()
    ).decode()
    export.put_rows("checkpoints.jsonl", rows)

    assert "its note is not that of the signer's journal" in _first_bad_of(
        verify_export(export, FURTHER.log_key)
    )


def test_a_published_tree_is_checked_with_the_further_keys_too() -> None:
    keys = msgspec.json.decode(FURTHER.export().files["keys.json"], type=Keys)

    verdict = verify_tree(FURTHER.export(), FURTHER.log_key, keys)

    assert verdict.counts["checkpoint lines of sm2"] == 1
    assert verdict.problems == ()


def test_what_was_witnessed_is_held_against_the_entries(export: Export) -> None:
    rows = export.rows("checkpoints.jsonl")
    export.files["checkpoint.witnessed"] = base64.b64decode(rows[0]["note"])

    assert verdict_of(export).problems == ()
    assert verify_tree(export, MARKET.log_key).problems == ()


def test_a_witnessed_checkpoint_with_another_root_is_a_second_story(export: Export) -> None:
    other = Maker()
    other.log_key, other.signer = MARKET.log_key, MARKET.signer
    other.leaves = [b"another leaf"] * 300
    other.sign()
    export.files["checkpoint.witnessed"] = other.checkpoints[-1][2]

    assert first_bad(export) == "checkpoint 300: two roots were signed for this size"


def test_a_log_that_is_smaller_than_what_was_witnessed_was_cut(export: Export) -> None:
    larger = small_market(301)
    export.files["checkpoint.witnessed"] = larger.checkpoints[-1][2]

    assert first_bad(export) == (
        "checkpoint 300: is older than what was witnessed, which has 301 entries"
    )


def test_a_witnessed_checkpoint_that_the_log_did_not_sign_is_named(export: Export) -> None:
    export.files["checkpoint.witnessed"] = export.files["checkpoint"].replace(
        b"\n300\n", b"\n200\n"
    )

    assert first_bad(export) == f"checkpoint witnessed: is not signed by {ORIGIN}"


# ── when the keys of documents count ────────────────────────────────────────────────────────


def _certified(when: str) -> Verdict:
    """Return what is found of a certificate that is entered after what is told of its key."""
    maker = Maker()
    key = signer_of(Purpose.CERTIFICATE)
    maker.register(maker.signer)
    if when != "before":
        maker.register(key)
    if when == "ended":
        maker.end(key)
    if when == "distrusted":
        maker.distrust(key, since=2)
    maker.now -= dt.timedelta(days=1)  # dated back: the place tells
    maker.bind("certificate", "HN-DPR-2026-0001", {"number": "HN-DPR-2026-0001"}, key)
    maker.now += dt.timedelta(days=1)
    if when == "before":
        maker.register(key)
        maker.keys[-1] = msgspec.structs.replace(
            maker.keys[-1], valid_from=maker.now - dt.timedelta(days=2)
        )
        digest = Digest("key", key.key_id, sha256_hex(key_record(maker.keys[-1])))
        maker.append("key:registered", digests=(digest,))
        maker.keys.sort(key=lambda each: (each.valid_from, each.key_id))
    else:
        place = next(n for n, each in enumerate(maker.keys) if each.key_id == key.key_id)
        early = maker.now - dt.timedelta(days=2)
        maker.keys[place] = msgspec.structs.replace(
            maker.keys[place], valid_from=early, revoked_at=None
        )
        digest = Digest("key", key.key_id, sha256_hex(key_record(maker.keys[place])))
        maker.append("key:registered", digests=(digest,))
        maker.keys.sort(key=lambda each: (each.valid_from, each.key_id))
    maker.sign()
    return verify_export(maker.export(), maker.log_key)


@pytest.mark.parametrize(
    ("when", "fault", "reason"),
    [
        ("before", Fault.KEY_NOT_VALID, "signs from entry"),
        ("ended", Fault.KEY_NOT_VALID, "signs from entry 1 to before 2 only"),
        (
            "distrusted",
            Fault.KEY_DISTRUSTED,
            "is distrusted from entry 2 on, and it was entered at 3",
        ),
    ],
)
def test_a_document_counts_only_where_the_log_has_its_key(
    when: str, fault: Fault, reason: str
) -> None:
    first = _certified(when).first_bad

    assert first is not None
    assert (first.kind, first.fault) == ("certificate", fault)
    assert reason in first.reason


def test_a_document_that_stands_where_its_key_signs_is_genuine_whatever_its_date() -> None:
    assert _certified("in time").first_bad is None
