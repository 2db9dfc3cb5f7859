"""Keys are made before several people, and some of them together make them again: shares, keys, transcript."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from shamir_mnemonic import combine_mnemonics

from catalog.audit_log.model import Digest
from catalog.audit_log.verdict import Fault, Unreadable, Verdict
from catalog.key_custody import making, sealing, shares, transcript
from catalog.key_custody.making import KeyNotForACeremony, Wanted
from catalog.key_custody.sealing import ShareNotOpened
from catalog.key_custody.shares import (
    ShareOfAnotherCeremony,
    SharesDoNotFit,
    SharesTooFew,
    ShareWrong,
    ThresholdUnusable,
)
from catalog.key_custody.transcript import CustodiansUnusable, SignedTranscript, Transcript
from catalog.signing import private_keys
from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import canonical
from catalog.signing.purposes import Purpose
from market.supervision.check import check_document
from tests.exports import Maker

SECRET = bytes(range(32))
ID = "0d3a1c8e-6d4b-4d3a-9a59-2f5f4a9f7c11"
NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
WANG = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)

# Of the vectors that SLIP-0039 publishes: 2 of 3 with 128 bits, 2 of 3 with 256 bits.
VECTORS = [
    (
        (
            "shadow pistol academic always adequate wildlife fancy gross oasis cylinder mustang wrist rescue view "
            "short owner flip making coding armed"
        ),
        (
            "shadow pistol academic acid actress prayer class unknown daughter sweater depict flip twice unkind "
            "craft early superior advocate guest smoking"
        ),
        "b43ceb7e57a0ea8766221624d01b0864",
    ),
    (
        (
            "humidity disease academic always aluminum jewelry energy woman receiver strategy amuse duckling lying "
            "evidence network walnut tactics forget hairy rebound impulse brother survive clothes stadium mailman "
            "rival ocean reward venture always armed unwrap"
        ),
        (
            "humidity disease academic agency actress jacket gross physics cylinder solution fake mortgage benefit "
            "public busy prepare sharp friar change work slow purchase ruler again tricycle involve viral wireless "
            "mixture anatomy desert cargo upgrade"
        ),
        "c938b319067687e990e05e0da0ecce1278f75ff58d9853f19dcaeed5de104aae",
    ),
]
# Also of them: a wrong checksum, a wrong padding, a wrong digest of the secret.
WRONG_CHECKSUM = (
    "duckling enlarge academic academic agency result length solution fridge kidney coal piece deal husband "
    "erode duke ajar critical decision kidney"
)
WRONG_PADDING = (
    "duckling enlarge academic academic email result length solution fridge kidney coal piece deal husband "
    "erode duke ajar music cargo fitness"
)
WRONG_DIGEST = (
    (
        "guilt walnut academic acid deliver remove equip listen vampire tactics nylon rhythm failure husband "
        "fatigue alive blind enemy teaspoon rebound"
    ),
    (
        "guilt walnut academic agency brave hamster hobo declare herd taste alpha slim criminal mild arcade "
        "formal romp branch pink ambition"
    ),
)


@pytest.mark.parametrize(("first", "second", "secret"), VECTORS)
def test_the_published_vectors_hold(first: str, second: str, secret: str) -> None:
    assert combine_mnemonics([first, second], b"TREZOR").hex() == secret


@pytest.mark.parametrize("words", [WRONG_CHECKSUM, WRONG_PADDING, "no such words", ""])
def test_a_share_that_was_written_down_wrongly_is_told_by_its_number(words: str) -> None:
    with pytest.raises(ShareWrong) as refused:
        shares.combine([VECTORS[0][0], words])

    assert refused.value.facts["number"] == 2


def test_shares_that_make_no_secret_are_refused() -> None:
    with pytest.raises(SharesDoNotFit):
        shares.combine(WRONG_DIGEST)


@pytest.mark.parametrize(("threshold", "people"), [(2, 2), (2, 3), (3, 5), (16, 16)])
def test_any_so_many_shares_make_the_secret_and_fewer_do_not(threshold: int, people: int) -> None:
    words = shares.split(SECRET, threshold=threshold, people=people)

    assert len(set(words)) == people
    assert shares.combine(words[:threshold]).secret == SECRET
    assert shares.combine(words[-threshold:][::-1]).secret == SECRET
    assert shares.combine([*words, words[0].upper()]).secret == SECRET  # more, twice, in capitals
    with pytest.raises(SharesTooFew):
        shares.combine([*words[: threshold - 1], words[0]])


def test_no_share_at_all_is_too_few() -> None:
    with pytest.raises(SharesTooFew):
        shares.combine([])


@pytest.mark.parametrize(
    ("threshold", "people"), [(1, 3), (0, 3), (4, 3), (2, 1), (2, 17), (-1, 3)]
)
def test_one_alone_is_not_enough_and_more_than_there_are_can_not_be_needed(
    threshold: int, people: int
) -> None:
    with pytest.raises(ThresholdUnusable):
        shares.split(SECRET, threshold=threshold, people=people)


def test_a_share_of_another_ceremony_is_told_by_its_number() -> None:
    ours = shares.split(SECRET, threshold=2, people=3)
    theirs = shares.split(SECRET, threshold=2, people=3)
    known = [shares.digest_of(words) for words in ours]

    for given in ([ours[0], theirs[1]], [theirs[0], theirs[1]]):
        with pytest.raises(ShareOfAnotherCeremony):
            shares.combine(given, known=known)
    with pytest.raises(ShareOfAnotherCeremony) as refused:
        shares.combine([ours[0], VECTORS[1][0]])
    assert refused.value.facts["number"] == 2
    assert shares.checksum_of(ours[0]) == known[0][:8]


# ── keys ────────────────────────────────────────────────────────────────────────────────────


def test_a_ceremony_makes_the_same_keys_whenever_its_secret_is_there() -> None:
    names = ["root", "checkpoint", "checkpoint.sm2", "checkpoint.ml-dsa-44"]
    names += ["certificate", "paper.ecdsa-p256"]
    keys = [making.wanted(name) for name in names]

    made = [making.signer_of(SECRET, ID, key) for key in keys]

    assert [key.name for key in keys] == names
    assert [each.key_id for each in made] == [
        making.signer_of(SECRET, ID, key).key_id for key in keys
    ]
    assert len({each.public_key for each in made}) == len(made)
    other = making.signer_of(SECRET, "another", keys[0])
    assert other.public_key != made[0].public_key
    # The vector of FORMAT.md.
    assert making.secret_of(SECRET, ID, keys[0]).hex() == ROOT_SECRET


ROOT_SECRET = "b48c87ee4b32fa37b831a50f12e054c049a3a3a29061537548bd635362dccbfa"


@pytest.mark.parametrize(
    "name", ["opinion", "witness", "report.sm2", "checkpoint.rsa", "", "root.sm2", "paper"]
)
def test_a_ceremony_makes_no_other_keys(name: str) -> None:
    with pytest.raises(KeyNotForACeremony):
        making.wanted(name)


def test_a_number_that_is_none_of_the_curve_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bytes] = []

    def from_secret(algorithm: Algorithm, secret: bytes) -> Any:
        tried.append(secret)
        if len(tried) == 1:
            raise ValueError
        return private_keys.from_secret(algorithm, secret)

    monkeypatch.setattr(making, "from_secret", from_secret)

    found = making.secret_of(SECRET, ID, Wanted(Purpose.CHECKPOINT, Algorithm.SM2))

    assert found == tried[1] != tried[0]


# ── sealing ─────────────────────────────────────────────────────────────────────────────────


def test_a_sealed_share_is_opened_by_its_custodian_as_what_it_is() -> None:
    key, other = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    sealed = sealing.seal("words", key.public_key(), ceremony_id=ID, number=2)

    assert sealing.opened(sealed, key, ceremony_id=ID, number=2) == "words"
    for by, ceremony, number, raw in (
        (other, ID, 2, sealed),
        (key, "another", 2, sealed),
        (key, ID, 3, sealed),
        (key, ID, 2, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (key, ID, 2, b"short"),
    ):
        with pytest.raises(ShareNotOpened):
            sealing.opened(raw, by, ceremony_id=ceremony, number=number)


# ── the transcript ──────────────────────────────────────────────────────────────────────────


def held(**changes: Any) -> tuple[SignedTranscript, Transcript]:
    """Return the transcript of a small ceremony, signed by its key and by 王一."""
    words = shares.split(SECRET, threshold=2, people=3)
    root = making.signer_of(SECRET, ID, making.wanted("root"))
    told = Transcript(
        format=transcript.FORMAT,
        ceremony_id=ID,
        place="海口",
        present=("公证员",),
        machine=transcript.Machine(
            host="ceremony", system="Linux", python="3.11.7", software_sha256="00" * 32
        ),
        threshold=2,
        custodians=tuple(
            transcript.Custodian(
                number=number,
                name=name,
                share_sha256=shares.digest_of(share),
                is_sealed=number == 2,
                public_key=WANG.public_key().public_bytes_raw() if number == 1 else None,
            )
            for number, (name, share) in enumerate(
                zip(("王一", "李二", "张三"), words, strict=True), 1
            )
        ),
        keys=(
            transcript.MadeKey(
                name="root",
                algorithm="ed25519",
                key_id=root.key_id,
                public_key=root.public_key,
                is_derived=True,
            ),
        ),
        steps=(transcript.step(NOW, "仪式开始", "the ceremony began"),),
    )
    told = msgspec.structs.replace(told, **changes)
    file = transcript.signed(told)
    message = transcript.message(file.document)
    file = transcript.with_signature(file, "key:root", root.sign_framed(message))
    return transcript.with_signature(file, "custodian:1", WANG.sign(message)), told


def checked(file: SignedTranscript) -> Verdict:
    return transcript.check(msgspec.json.encode(file))


def test_a_transcript_that_everybody_signed_is_genuine_and_readable() -> None:
    file, told = held()

    verdict = checked(file)
    text = transcript.readable(told)

    assert verdict.first_bad is None
    assert verdict.counts == {"custodians": 3, "signatures": 2}
    assert check_document(msgspec.json.encode(file), keys=None) == verdict  # market verify
    for part in (
        ID,
        "海口",
        "王一",
        "张三",
        "公证员",
        "2 / 3",
        told.keys[0].key_id,
        "the ceremony began",
    ):
        assert part in text


def test_a_custodian_who_has_not_signed_yet_is_told_and_a_key_that_did_not_is_wrong() -> None:
    file, _ = held()
    key, custodian = file.signatures

    without = checked(msgspec.structs.replace(file, signatures=(key,)))
    keyless = checked(msgspec.structs.replace(file, signatures=(custodian,)))

    assert without.first_bad is None
    assert without.notes == ("custodian:1 has not signed it yet",)
    assert keyless.first_bad is not None
    assert keyless.first_bad.fault is Fault.UNSIGNED


def custodians_of(told: Transcript, **changes: Any) -> tuple[transcript.Custodian, ...]:
    first, *rest = told.custodians
    return (msgspec.structs.replace(first, **changes), *rest)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (lambda _told: {"threshold": 1}, Fault.MALFORMED),
        (lambda _told: {"threshold": 4}, Fault.MALFORMED),
        (lambda told: {"custodians": custodians_of(told, name="李二")}, Fault.MALFORMED),
        (lambda told: {"custodians": custodians_of(told, name="")}, Fault.MALFORMED),
        (lambda told: {"custodians": custodians_of(told, number=2)}, Fault.MALFORMED),
        (
            lambda told: {
                "custodians": custodians_of(told, share_sha256=told.custodians[1].share_sha256)
            },
            Fault.MALFORMED,
        ),
        (
            lambda told: {"keys": (msgspec.structs.replace(told.keys[0], key_id="0" * 16),)},
            Fault.MALFORMED,
        ),
        (
            lambda told: {"keys": (msgspec.structs.replace(told.keys[0], algorithm="sm2"),)},
            Fault.SIGNATURE_WRONG,
        ),
    ],
)
def test_a_transcript_that_does_not_fit_together_is_refused(changes: Any, fault: Fault) -> None:
    file, _ = held(**changes(held()[1]))

    first = checked(file).first_bad

    assert first is not None
    assert first.fault is fault


def test_a_transcript_that_was_changed_is_refused() -> None:
    file, told = held()
    another = canonical(msgspec.structs.replace(told, place="三亚"))
    spaced = file.document.replace(b'"place":', b'"place": ')
    stranger = transcript.with_signature(file, "custodian:3", bytes(64))

    changed = checked(msgspec.structs.replace(file, document=another))
    written = checked(msgspec.structs.replace(file, document=spaced))
    unknown = checked(stranger)

    assert {bad.fault for bad in changed.problems} == {Fault.SIGNATURE_WRONG}
    assert written.first_bad is not None
    assert written.first_bad.fault is Fault.MALFORMED
    assert unknown.first_bad is not None
    assert unknown.first_bad.fault is Fault.KEY_UNKNOWN
    for raw in (b"{}", b"\xff", msgspec.json.encode(msgspec.structs.replace(file, type="other"))):
        with pytest.raises(Unreadable):
            transcript.check(raw)


def test_a_transcript_is_looked_for_in_the_log() -> None:
    file, _ = held()
    log, other = Maker(), Maker()
    log.append(digests=(Digest(transcript.KIND, ID, transcript.digest(file)),))
    log.sign()
    other.append()
    other.sign()
    raw = msgspec.json.encode(file)

    known = transcript.check(raw, (log.export(), log.log_key))
    unknown = transcript.check(raw, (other.export(), other.log_key)).first_bad

    assert known.first_bad is None
    assert unknown is not None
    assert unknown.fault is Fault.NOT_BOUND


def test_custodians_are_written_down_by_different_names() -> None:
    assert transcript.check_custodians([" 王  一", "李二"]) == ("王 一", "李二")
    for names in (["王一", "王一"], ["Li Er", "li er"], ["王一", " "]):
        with pytest.raises(CustodiansUnusable):
            transcript.check_custodians(names)
