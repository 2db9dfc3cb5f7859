"""Change what people take away, at random: bundles, certificates, status lists, exports, case files.

Every change is found and named, but for what changes no content: of an archive its framing (names and
contents of the members are the same), of a token the white space around it. A small campaign always runs;
``make campaign`` runs thousands. ``SEED`` and ``FILE_ROUNDS`` choose others.

The attacker of each kind has what it says: nothing; the service's key for statements; or that and the
log's own key, against which only witnesses help.
"""

from __future__ import annotations

import functools
import os
import random
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from catalog.audit_log.verdict import Unreadable, Verdict
from catalog.audit_log.verify import verify_export
from catalog.certificates import credential_check as credentials
from catalog.certificates.format import unpack
from catalog.kernel.errors import DomainError
from catalog.signing.canonical import canonical
from catalog.signing.purposes import Purpose
from catalog.witnessing import log_proof
from catalog.witnessing.log_proof import LogProof
from catalog.witnessing.policy import Policy, parse_policy
from market.case_files import archive as case_archive
from market.case_files import check as case_files
from market.proof_bundles import archive
from market.proof_bundles.check import check, check_parts
from market.proof_bundles.model import NAMES
from tests.bundle_tampering import Parts, resealed
from tests.exports import small_market
from tests.log_of_tests import signer_of
from tests.order_in_memory import OrderInMemory, actor_of
from tests.tampering import change_bytes, change_lines, tamper
from tests.vectors.regenerate_case_file import VECTOR as CASE_FILE
from tests.witnessed_log import MemoryLog, MemoryWitness

SEED = int(os.environ.get("SEED", "20260302"))
ROUNDS = int(os.environ.get("FILE_ROUNDS", "5000"))

WITNESS: Final = MemoryWitness("w.example/1")
AT: Final = 1_772_413_323
#: Made anew by whoever signs; every other member is bound, whoever signs the manifest.
COMPUTED: Final = ("manifest.json", "signature.json", "SHA256SUMS")
BOUND: Final = tuple(name for name in NAMES if name not in COMPUTED)
LINES: Final = (
    "leaves.jsonl", "proofs.jsonl", "payloads.jsonl", "bindings.jsonl", "usage.jsonl", "journal.jsonl",
)  # fmt: skip
PARALLEL: Final = ("leaves.jsonl", "proofs.jsonl", "payloads.jsonl")

Outcome = Verdict | Unreadable | None  # None: nothing of the content was changed


@functools.cache
def order(number: int = 1, uses: int = 6) -> OrderInMemory:
    return OrderInMemory(uses=uses, number=number, later=1)


@functools.cache
def witnessed_note(number: int, uses: int) -> bytes:
    note = order(number, uses).note()
    return note + WITNESS.line(note, AT)


@functools.cache
def bundle(number: int = 1, uses: int = 6) -> bytes:
    made = order(number, uses)
    return made.bundle(note=witnessed_note(number, uses))


@functools.cache
def policy() -> Policy:
    key = order().log_key
    return parse_policy(f"log {key}\nwitness w {WITNESS.key}\nquorum w\n".encode())


@functools.cache
def members(number: int = 1, uses: int = 6) -> Parts:
    return archive.unpack(bundle(number, uses))


def looked_at(parts: Parts) -> Verdict:
    return check_parts(parts, policy=policy(), keys=order().published())


def signed_anew(parts: Parts) -> Verdict:
    """Return what is found though the attacker has the key for statements."""
    return looked_at(resealed(parts, order().statement))


# ── an attacker without keys ────────────────────────────────────────────────────────────────


def archive_bytes(chance: random.Random) -> tuple[Outcome, str]:
    raw, told = change_bytes(bundle(), chance)
    try:
        if archive.unpack(raw) == members():
            return None, told
    except Unreadable as refused:
        return refused, told
    return check(raw, policy=policy(), keys=order().published()), told


def member_bytes(chance: random.Random) -> tuple[Outcome, str]:
    name = chance.choice(sorted(members()))
    raw, told = change_bytes(members()[name], chance)
    if raw == members()[name]:
        return None, told
    return looked_at(members() | {name: raw}), f"{name} {told}"


def member_gone_or_new(chance: random.Random) -> tuple[Outcome, str]:
    parts = dict(members())
    if chance.random() < 0.5:
        name = chance.choice(sorted(parts))
        del parts[name]
        return looked_at(parts), f"without {name}"
    name = chance.choice(("x.txt", "LEAVES.jsonl", "manifest.json.bak", "checkpoint.witnessed"))
    return looked_at(parts | {name: chance.randbytes(20)}), f"with {name}"


def recomputed_manifest(chance: random.Random) -> tuple[Outcome, str]:
    """A member is changed, sums and manifest are computed anew; the old signature, or one's own key."""
    name = chance.choice([each for each in sorted(members()) if each not in COMPUTED])
    raw, told = change_bytes(members()[name], chance)
    if raw == members()[name]:
        return None, told
    parts = dict(members()) | {name: raw}
    forged = resealed(parts, signer_of(Purpose.STATEMENT, "attacker"))
    if chance.random() < 0.5:
        forged["signature.json"] = members()["signature.json"]
    return looked_at(forged), f"{name} {told}, manifest computed anew"


# ── an attacker with the service's key for statements ───────────────────────────────────────


def bound_member(chance: random.Random) -> tuple[Outcome, str]:
    name = chance.choice(BOUND)
    raw, told = change_bytes(members()[name], chance)
    if raw == members()[name]:
        return None, told
    return signed_anew(dict(members()) | {name: raw}), f"{name} {told}, signed anew"


def plain_field(chance: random.Random) -> tuple[Outcome, str]:
    """The manifest says something else, to which nothing else in the bundle answers."""
    told: dict[str, Any] = chance.choice(
        (
            {"reader": chance.choice(("operator", "authority"))},
            {"is_witnessed": True},
            {"drawn_up_at": f"2026-03-{chance.randint(3, 28):02}T01:02:03Z"},
            {"log_size": chance.randint(1, 10_000)},
            {"heads_log_size": chance.randint(1, 10_000)},
            {"entry_count": chance.randint(30, 10_000)},
        )
    )
    return looked_at(resealed(dict(members()), order().statement, **told)), f"manifest {told}"


def other_s_entry(chance: random.Random) -> tuple[Outcome, str]:
    """Entry and receipt are those of another bundle, together or mixed with one's own."""
    strange = members(*chance.choice(((2, 6), (1, 4))))
    taken = chance.choice((("entry.json",), ("receipt.json",), ("entry.json", "receipt.json")))
    parts = dict(members()) | {name: strange[name] for name in taken}
    told = f"{' and '.join(taken)} of another bundle"
    return (signed_anew(parts) if chance.random() < 0.5 else looked_at(parts)), told


def lines_of_a_member(chance: random.Random) -> tuple[Outcome, str]:
    names = PARALLEL if chance.random() < 0.5 else (chance.choice(LINES),)
    parts = dict(members())
    seed = chance.random()
    for name in names:
        lines = parts[name].splitlines(keepends=True)
        told = change_lines(lines, random.Random(seed))
        parts[name] = b"".join(lines)
    if parts == members():
        return None, told
    return signed_anew(parts), f"{names[0]} {told}, signed anew"


_CLOCK: Final = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d")


def clock_in_an_entry(chance: random.Random) -> tuple[Outcome, str]:
    """An instant is moved, in an entry, a use, a ledger's line, the contract or the statement."""
    name = chance.choice(
        ("leaves.jsonl", "usage.jsonl", "journal.jsonl", "contract.json", "statement.json")
    )
    raw = members()[name]
    found = chance.choice(list(_CLOCK.finditer(raw)))
    at = found.end() - 1
    raw = raw[:at] + (b"0" if raw[at : at + 1] != b"0" else b"1") + raw[at + 1 :]
    return signed_anew(dict(members()) | {name: raw}), f"{name} clock at byte {at}"


def other_s_member(chance: random.Random) -> tuple[Outcome, str]:
    """Members are those of another order, or of this one at another time."""
    strange = members(*chance.choice(((2, 6), (1, 4))))
    own = members()
    names = [name for name in BOUND if own.get(name) != strange.get(name)]
    taken = chance.sample(names, chance.randint(1, 3))
    if set(taken) == set(names):
        return None, "all of them"
    parts = dict(own) | {name: strange[name] for name in taken}
    return signed_anew(parts), f"{', '.join(taken)} of another order or time"


def smaller_checkpoint(chance: random.Random) -> tuple[Outcome, str]:
    uses = chance.choice((2, 3, 4, 5))
    parts = dict(members()) | {"checkpoint": witnessed_note(1, uses)}
    size = len(order(1, uses).leaves)
    if chance.random() < 0.5:
        return looked_at(resealed(parts, order().statement, log_size=size)), f"checkpoint of {size}"
    return signed_anew(parts), f"checkpoint of {size}"


def hidden_use(chance: random.Random) -> tuple[Outcome, str]:
    """A use is left out everywhere: its entry, its proof, its record, and of the statement."""
    at = chance.randrange(6)
    parts = dict(members())
    leaves = parts["leaves.jsonl"].splitlines()
    places = [place for place, leaf in enumerate(leaves) if b'"order_seq"' in leaf]
    for name in PARALLEL:
        lines = parts[name].splitlines(keepends=True)
        del lines[places[at]]
        parts[name] = b"".join(lines)
    uses = parts["usage.jsonl"].splitlines(keepends=True)
    del uses[at]
    parts["usage.jsonl"] = b"".join(uses)
    statement = msgspec.json.decode(parts["statement.json"])
    del statement["lines"][at]
    if chance.random() < 0.5:
        statement["event_count"] -= 1
    document = canonical(statement)
    parts["statement.json"] = document
    parts["statement-signature.json"] = msgspec.json.encode(order().statement.seal(document))
    return signed_anew(parts), f"use {at + 1} hidden"


# ── an attacker with the log's key as well ──────────────────────────────────────────────────


def fork(chance: random.Random) -> tuple[Outcome, str]:
    """Another history, signed by the log's own key: fewer uses, another price, an entry out of the heads."""
    kind = chance.choice(("uses", "price", "hidden", "release"))
    changes: dict[str, dict[str, Any]] = {
        "uses": {"uses": chance.choice((3, 5, 7))},
        "price": {"unit_price_fen": chance.randint(1, 12_344)},
        "hidden": {"uses": 6, "hidden": [chance.randrange(35, 45)]},
        "release": {"release": chance.choice(("refund", ""))},
    }
    told = OrderInMemory(others=chance.choice((38, 40, 42)), **changes[kind])
    note = told.note()
    if chance.random() < 0.5:  # lines of the witness that it takes from the genuine one
        note += WITNESS.line(order().note(), AT)
    try:
        parts = archive.unpack(told.bundle(note=note))
    except RuntimeError as broken:  # the service itself would not sign such a statement
        return Unreadable(str(broken)), f"fork: {kind}"
    return check_parts(parts, policy=policy()), f"fork: {kind}"


# ── certificates, status lists, exports, proofs, case files ─────────────────────────────────


def certificate_file(chance: random.Random) -> tuple[Outcome, str]:
    raw, told = change_bytes(members()["certificate.json"], chance)
    try:
        package = unpack(raw)
        if package == unpack(members()["certificate.json"]):
            return None, told
    except DomainError as refused:
        return Unreadable(refused.code), told
    parts = dict(members()) | {"certificate.json": raw}
    return looked_at(parts), f"certificate {told}"


def token(name: str, chance: random.Random) -> tuple[Outcome, str]:
    raw, told = change_bytes(members()[name], chance)
    if raw.strip() == members()[name].strip():
        return None, told
    held, listed = (
        (raw, members()["status-list.jwt"])
        if name == "certificate.jwt"
        else (members()["certificate.jwt"], raw)
    )
    verdict = credentials.check(held, keys=order().published(), now=order().now, listed=listed)
    return verdict, f"{name} {told}"


@functools.cache
def exported() -> tuple[Any, Any]:
    market = small_market(80, with_report=False)
    return market.export(), market.log_key


def export(chance: random.Random) -> tuple[Outcome, str]:
    whole, key = exported()
    copy = whole.copy()
    while True:
        try:
            told = tamper(copy, chance)
        except (IndexError, ValueError):  # a file of this small export has no such row
            continue
        break
    if copy.files == whole.files:
        return None, told
    return verify_export(copy, key), f"export {told}"


@functools.cache
def proof() -> tuple[bytes, bytes, Policy]:
    log = MemoryLog(300)
    note = log.note(300)
    raw = LogProof(137, log.inclusion(137, 300), note + WITNESS.line(note, AT)).text()
    lines = f"log {log.key}\nwitness w {WITNESS.key}\nquorum w\n"
    return raw, log.leaves[137], parse_policy(lines.encode())


def tlog_proof(chance: random.Random) -> tuple[Outcome, str]:
    genuine, leaf, trusted = proof()
    if chance.random() < 0.3:
        raw, (leaf, told) = genuine, change_bytes(leaf, chance)
        if leaf == proof()[1]:
            return None, told
    else:
        raw, told = change_bytes(genuine, chance)
        if raw == genuine:
            return None, told
    try:
        parsed = log_proof.parse_log_proof(raw)
        log_proof.check(parsed, leaf, trusted)
    except DomainError as refused:
        return Unreadable(refused.code), f"proof {told}"
    same = log_proof.parse_log_proof(genuine)
    # A line of a key that the policy does not know is passed over, as C2SP says.
    is_same = (parsed.index, parsed.hashes) == (same.index, same.hashes)
    return (None, told) if is_same else (Verdict(counts={}), f"proof {told}")


@functools.cache
def case_parts() -> Parts:
    return case_archive.unpack(CASE_FILE.read_bytes())


def case_file(chance: random.Random) -> tuple[Outcome, str]:
    if chance.random() < 0.5:
        raw, told = change_bytes(CASE_FILE.read_bytes(), chance)
        try:
            if case_archive.unpack(raw) == case_parts():
                return None, told
        except Unreadable as refused:
            return refused, told
    else:
        name = chance.choice(sorted(case_parts()))
        changed, told = change_bytes(case_parts()[name], chance)
        if changed == case_parts()[name]:
            return None, told
        raw = case_archive.pack(dict(case_parts()) | {name: changed})
        told = f"{name} {told}"
    try:
        return case_files.check(raw), f"case file {told}"
    except Unreadable as refused:
        return refused, f"case file {told}"


KINDS: Final[dict[str, tuple[int, Callable[[random.Random], tuple[Outcome, str]]]]] = {
    "archive bytes": (4, archive_bytes),
    "member bytes": (5, member_bytes),
    "member gone or new": (2, member_gone_or_new),
    "manifest computed anew": (4, recomputed_manifest),
    "bound member, signed anew": (6, bound_member),
    "plain field, signed anew": (2, plain_field),
    "another's entry": (2, other_s_entry),
    "lines, signed anew": (5, lines_of_a_member),
    "clock, signed anew": (3, clock_in_an_entry),
    "another's member, signed anew": (3, other_s_member),
    "smaller checkpoint, signed anew": (2, smaller_checkpoint),
    "hidden use, signed anew": (3, hidden_use),
    "fork by the log's key": (2, fork),
    "certificate": (2, certificate_file),
    "credential": (2, functools.partial(token, "certificate.jwt")),
    "status list": (2, functools.partial(token, "status-list.jwt")),
    "export": (3, export),
    "tlog-proof": (2, tlog_proof),
    "case file": (1, case_file),
}


def campaign(rounds: int) -> tuple[dict[str, int], int]:
    """Change something ``rounds`` times; fail on the first change that is not found and named."""
    found: dict[str, int] = dict.fromkeys(KINDS, 0)
    unchanged = number = 0
    weights = [weight for weight, _ in KINDS.values()]
    while sum(found.values()) < rounds:
        number += 1
        chance = random.Random(SEED * 1_000_003 + number)
        kind = chance.choices(list(KINDS), weights)[0]
        outcome, told = KINDS[kind][1](chance)
        if outcome is None:
            unchanged += 1
            continue
        if isinstance(outcome, Verdict):
            bad = outcome.first_bad
            assert bad is not None, f"seed {SEED} round {number}, {kind}: {told}"
            assert bad.id, told
            assert bad.reason, told
        else:
            assert str(outcome), told
        found[kind] += 1
    return found, unchanged


def test_what_is_not_changed_is_genuine() -> None:
    whole, key = exported()

    assert check(bundle(), policy=policy(), keys=order().published()).problems == ()
    assert signed_anew(dict(members())).problems == ()
    assert verify_export(whole, key).problems == ()
    assert case_files.check(CASE_FILE.read_bytes()).problems == ()
    assert actor_of(None).party_id is None


def test_a_few_changes_of_every_kind_are_all_found() -> None:
    found, _ = campaign(300)

    assert all(found.values()), found


def test_a_fork_by_the_log_s_own_key_is_seen_by_its_witnesses_alone() -> None:
    parts = archive.unpack(OrderInMemory(uses=5).bundle())

    assert check_parts(parts, trusted=order().log_key).problems == ()
    assert check_parts(parts, policy=policy()).first_bad is not None


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_every_change_of_a_long_campaign_is_found() -> None:
    found, unchanged = campaign(ROUNDS)

    print(
        f"seed {SEED}: {sum(found.values())} changes, all found and named: {found}; "
        f"{unchanged} changed no content"
    )
    assert sum(found.values()) == ROUNDS
