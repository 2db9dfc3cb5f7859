"""A certificate as vc+jwt is checked offline; what is forged, confused or stale is named."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import Any

import msgspec
import pytest

from catalog.audit_log import export_format as export
from catalog.audit_log.leaf import instant
from catalog.audit_log.model import Digest
from catalog.audit_log.verdict import Fault, Verdict
from catalog.certificates import credential, credential_check, status_list
from catalog.certificates.credential import Place
from catalog.certificates.format import document_bytes
from catalog.certificates.states import State
from catalog.kernel.ids import PartyId, new_id
from catalog.signing import jws
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from tests.exports import START, Export, Maker
from tests.pure.test_certificates_format import make_document, refusal
from tests.vectors import regenerate_credential as golden

BASE, NOW = golden.BASE, golden.NOW
SIGNER, LISTER = golden.SIGNER, golden.LISTER
OTHER = Signer(Purpose.CREDENTIAL, bytes(range(60, 92)))
DOCUMENT = document_bytes(make_document())
NUMBER = make_document().registration_number
PLACE = golden.PLACE


def row(signer: Signer, **changed: Any) -> export.KeyRow:
    values: dict[str, Any] = {
        "key_id": signer.key_id,
        "purpose": signer.purpose.value,
        "algorithm": "ed25519",
        "public_key": signer.public_key,
        "valid_from": instant(NOW - dt.timedelta(days=1)),
    }
    return export.KeyRow(**(values | changed))


KEYS = export.Keys(None, [row(SIGNER), row(LISTER)])


def sealed(
    payload: Any, signer: Signer = SIGNER, *, typ: str = "vc+jwt", base: str = BASE
) -> bytes:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    message = jws.signing_input(raw, typ=typ, kid=credential.kid_of(base, signer.key_id))
    return jws.assemble(message, signer.sign(message))


def said(**changes: Any) -> dict[str, Any]:
    made = credential.credential(DOCUMENT, place=PLACE, base=BASE, now=NOW)
    return json.loads(msgspec.json.encode(made)) | changes


def a_list(state: State = State.ACTIVE, at: dt.datetime = NOW, **changes: Any) -> dict[str, Any]:
    bits = status_list.bits_of([(PLACE.place, state), (5, State.REVOKED)])
    made = credential.list_credential(
        bits, number=PLACE.list_number, version=3, base=BASE, name="register", now=at
    )
    return json.loads(msgspec.json.encode(made)) | changes


def check(token: bytes, listed: bytes | None = None, **given: Any) -> Verdict:
    return credential_check.check(
        token, listed=listed, **({"keys": KEYS, "now": NOW + dt.timedelta(minutes=1)} | given)
    )


def fault_of(verdict: Verdict) -> Fault | None:
    assert verdict.first_bad is not None
    return verdict.first_bad.fault


def test_the_golden_credential_and_list_are_made_byte_for_byte_and_are_genuine() -> None:
    written = json.loads(golden.PATH.read_text("utf-8"))

    assert golden.vector() == written
    verdict = check(written["credential"].encode(), written["status_list"].encode())
    assert verdict.problems == ()
    assert verdict.counts == {"certificate": 1, "status list": 1, "status: valid": 1}
    assert any("it counts" in note for note in verdict.notes)


def test_without_a_list_and_a_log_it_says_what_was_not_checked() -> None:
    verdict = check(sealed(said()))

    assert verdict.problems == ()
    assert any("give --status" in note for note in verdict.notes)
    assert any("give --log" in note for note in verdict.notes)


@pytest.mark.parametrize("state", [each for each in State if each is not State.ACTIVE])
def test_a_certificate_that_does_not_count_is_named_with_the_reason(state: State) -> None:
    verdict = check(sealed(said()), sealed(a_list(state), LISTER))

    assert fault_of(verdict) is Fault.COUNTS_NO_MORE
    assert status_list.STATUS_OF[state].name.lower() in str(verdict.first_bad)
    assert NUMBER in str(verdict.first_bad)


def test_the_term_is_told_and_ends_with_its_last_day_where_the_register_is() -> None:
    document = document_bytes(make_document(valid_through="2026-05-14"))
    made = credential.credential(document, place=PLACE, base=BASE, now=NOW)
    token = sealed(msgspec.json.encode(made))
    ends = dt.datetime(2026, 5, 14, 16, tzinfo=dt.UTC)

    assert made.valid_until == "2026-05-15T00:00:00+08:00"
    assert not any("term" in note for note in check(token, now=NOW).notes)
    assert any("its term ended" in note for note in check(token, now=ends).notes)


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        (b"eyJ.x", Fault.MALFORMED),
        (sealed(said(), typ="JWT"), Fault.TYPE_OTHER),
        (sealed(said(), OTHER), Fault.KEY_UNKNOWN),
        (sealed(said(), base="https://evil.example"), Fault.KEY_UNKNOWN),
        (sealed(said())[:-86] + b"A" * 86, Fault.SIGNATURE_WRONG),
        (sealed(b"[]"), Fault.CONTENT_DIFFERS),
        (sealed(said(vc={})), Fault.CONTENT_DIFFERS),
        (sealed(said(iat=-1)), Fault.CONTENT_DIFFERS),
        (sealed(said(type=["VerifiableCredential"])), Fault.CONTENT_DIFFERS),
        (sealed(said(id="https://evil.example/1")), Fault.CONTENT_DIFFERS),
        (sealed(said(validFrom="2020-01-01T00:00:00+08:00")), Fault.CONTENT_DIFFERS),
        (sealed({**said(), "@context": ["https://evil.example"]}), Fault.CONTENT_DIFFERS),
        (sealed(said(iat=int(NOW.timestamp()) + 3600)), Fault.MALFORMED),
        (sealed(said(iat=int(NOW.timestamp()) - 100_000)), Fault.KEY_NOT_VALID),
    ],
    ids=range(14),
)
def test_a_credential_that_is_not_ours_is_refused_by_name(token: bytes, fault: Fault) -> None:
    verdict = check(token)

    assert fault_of(verdict) is fault
    assert verdict.exit_code == 1


def test_what_is_said_of_the_certificate_has_the_digest_of_the_signed_document() -> None:
    changed = said()
    changed["credentialSubject"]["certificate"]["owners"] = []

    assert said()["credentialSubject"]["documentSha256"] == sha256_hex(DOCUMENT)
    assert fault_of(check(sealed(changed))) is Fault.CONTENT_DIFFERS


def test_a_certificate_inside_that_has_no_canonical_form_is_none() -> None:
    changed = said()
    changed["credentialSubject"]["certificate"]["n"] = 2**60

    assert fault_of(check(sealed(changed))) is Fault.CONTENT_DIFFERS


@pytest.mark.parametrize(
    "changes",
    [
        {"statusListIndex": str(status_list.PLACES)},
        {"statusListIndex": "-1"},
        {"statusListIndex": "٣"},  # a digit, of another script
        {"statusSize": 1},
        {"statusPurpose": "refresh"},
        {"statusListCredential": "https://evil.example/list"},
    ],
    ids=range(6),
)
def test_a_status_entry_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    changed = said()
    changed["credentialStatus"] |= changes

    assert fault_of(check(sealed(changed))) is Fault.CONTENT_DIFFERS


def test_a_revoked_key_signs_nothing_that_counts_whenever_it_says() -> None:
    keys = export.Keys(None, [row(SIGNER, revoked_at=instant(NOW + dt.timedelta(hours=1)))])

    assert fault_of(check(sealed(said()), keys=keys)) is Fault.KEY_NOT_VALID


def test_a_distrusted_key_signs_nothing_that_counts_here_since_nothing_tells_where() -> None:
    keys = export.Keys(None, [row(SIGNER, distrusted_from=3)])

    assert fault_of(check(sealed(said()), keys=keys)) is Fault.KEY_DISTRUSTED


def test_a_key_counts_in_its_time_from_the_second_in_which_it_was_entered() -> None:
    ended = row(SIGNER, valid_to=instant(NOW))
    same_second = row(SIGNER, valid_from=instant(NOW + dt.timedelta(milliseconds=500)))

    assert fault_of(check(sealed(said()), keys=export.Keys(None, [ended]))) is Fault.KEY_NOT_VALID
    assert check(sealed(said()), keys=export.Keys(None, [same_second])).problems == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"purpose": "certificate"},
        {"holder_party_id": str(PartyId(new_id()))},
        {"algorithm": "sm2"},
        {"public_key": OTHER.public_key},
    ],
    ids=lambda each: next(iter(each)),
)
def test_a_key_for_something_else_is_not_known(changed: dict[str, Any]) -> None:
    keys = export.Keys(None, [row(SIGNER, **changed)])

    assert fault_of(check(sealed(said()), keys=keys)) is Fault.KEY_UNKNOWN


@pytest.mark.parametrize(
    ("listed", "fault"),
    [
        (b'{"unsigned": true}', Fault.MALFORMED),
        (sealed(a_list(), SIGNER), Fault.KEY_UNKNOWN),  # the key for credentials signs no list
        (sealed(a_list(), LISTER, typ="JWT"), Fault.TYPE_OTHER),
        (sealed(a_list(at=NOW - dt.timedelta(hours=1)), LISTER), Fault.LIST_STALE),
        (sealed(a_list(exp=int(NOW.timestamp()) + 86_400), LISTER), Fault.CONTENT_DIFFERS),
        (sealed(a_list(exp=253_402_300_799), LISTER), Fault.CONTENT_DIFFERS),
        (sealed(a_list(validUntil="2030-01-01T00:00:00Z"), LISTER), Fault.CONTENT_DIFFERS),
        (sealed(a_list(type=["VerifiableCredential"]), LISTER), Fault.CONTENT_DIFFERS),
        (sealed(said(), LISTER), Fault.CONTENT_DIFFERS),
        (sealed(a_list(), LISTER, base="https://evil.example"), Fault.KEY_UNKNOWN),
        (sealed(a_list(at=NOW + dt.timedelta(hours=1)), LISTER), Fault.MALFORMED),
    ],
    ids=range(11),
)
def test_nothing_is_believed_of_a_list_that_is_unsigned_stale_or_of_another_key(
    listed: bytes, fault: Fault
) -> None:
    verdict = check(sealed(said()), listed)

    assert fault_of(verdict) is fault
    assert not any(name.startswith("status:") for name in verdict.counts)


def test_a_list_whose_bits_are_not_those_it_names_is_refused() -> None:
    changed = a_list()
    changed["credentialSubject"]["encodedList"] = status_list.encoded(bytes(status_list.LENGTH))
    broken = a_list()
    broken["credentialSubject"]["encodedList"] = "uAAAA"

    assert fault_of(check(sealed(said()), sealed(changed, LISTER))) is Fault.CONTENT_DIFFERS
    assert fault_of(check(sealed(said()), sealed(broken, LISTER))) is Fault.CONTENT_DIFFERS


def test_another_list_than_the_one_it_names_says_nothing() -> None:
    bits = status_list.bits_of([])
    other = credential.list_credential(
        bits, number=PLACE.list_number + 1, version=1, base=BASE, name="register", now=NOW
    )

    verdict = check(sealed(said()), sealed(msgspec.json.encode(other), LISTER))

    assert fault_of(verdict) is Fault.LIST_OTHER


def test_a_status_list_is_checked_by_itself() -> None:
    good = check(sealed(a_list(), LISTER))
    stale = check(sealed(a_list(), LISTER), now=NOW + dt.timedelta(hours=1))

    assert good.counts == {"status list": 1}
    assert good.problems == ()
    assert fault_of(stale) is Fault.LIST_STALE


def test_where_the_list_is_tells_only_a_genuine_credential() -> None:
    address = credential.list_address(BASE, PLACE.list_number)

    assert credential_check.address_of_list(sealed(said()), KEYS) == address
    assert credential_check.address_of_list(sealed(said(), OTHER), KEYS) is None
    assert credential_check.address_of_list(sealed(said(type=[])), KEYS) is None


class Log(Maker):
    """A log that knows certificates and lists by their digests."""

    def __init__(self, *bound: Digest) -> None:
        super().__init__()
        self.append()
        for digest in bound:
            self.append(f"{digest.kind}:made", digests=(digest,))
        self.sign()

    def held(self) -> tuple[Export, Any]:
        return self.export(), self.log_key


ISSUED = Digest("certificate", NUMBER, sha256_hex(DOCUMENT))


def list_digest(state: State) -> Digest:
    bits_sha256 = a_list(state)["credentialSubject"]["bitsSha256"]
    return Digest("status_list", str(PLACE.list_number), bits_sha256)


def test_with_the_log_a_credential_is_of_a_certificate_that_was_issued() -> None:
    known, unknown = Log(ISSUED), Log()
    other = Log(Digest("certificate", NUMBER, "ab" * 32))

    assert check(sealed(said()), log=known.held()).problems == ()
    assert fault_of(check(sealed(said()), log=unknown.held())) is Fault.NOT_BOUND
    assert fault_of(check(sealed(said()), log=other.held())) is Fault.NOT_BOUND


def test_with_the_log_a_list_is_the_newest_that_was_published() -> None:
    listed = sealed(a_list(), LISTER)
    newest = Log(ISSUED, list_digest(State.ACTIVE))
    newer = Log(ISSUED, list_digest(State.ACTIVE), list_digest(State.REVOKED))
    # The log's entries are of March, the list of May: that log ends before the list was made.
    before = Log(ISSUED)

    assert check(sealed(said()), listed, log=newest.held()).problems == ()
    assert fault_of(check(sealed(said()), listed, log=newer.held())) is Fault.LIST_STALE
    early = check(sealed(said()), listed, log=before.held())
    assert early.problems == ()
    assert any("ends before" in note for note in early.notes)


def test_with_the_log_a_list_that_no_entry_knows_is_refused() -> None:
    at = START - dt.timedelta(days=1)
    keys = export.Keys(None, [row(LISTER, valid_from=instant(at - dt.timedelta(days=1)))])
    listed = sealed(a_list(at=at), LISTER)

    verdict = check(listed, keys=keys, now=at, log=Log(ISSUED).held())

    assert fault_of(verdict) is Fault.NOT_BOUND


def test_a_list_is_not_believed_beside_a_log_that_is_not_proven() -> None:
    source, key = Log(ISSUED, list_digest(State.ACTIVE)).held()
    source.files[export.CHECKPOINT] = b"nothing"

    verdict = check(sealed(a_list(), LISTER), log=(source, key))

    assert fault_of(verdict) is None
    assert "malformed" in str(verdict.first_bad)


def tampered(token: bytes, chance: random.Random) -> bytes:
    """Return a token with one bit, byte or piece of it changed, never the same token."""
    at, other = sorted(chance.sample(range(len(token)), 2))
    made = chance.choice(
        [
            token[:at] + bytes([token[at] ^ 1 << chance.randrange(8)]) + token[at + 1 :],
            token[:at] + token[at + 1 :],
            token[:at] + bytes([chance.choice(token)]) + token[at:],
            token[:at],
            token[at:other] + token[:at] + token[other:],
            token[:at] + token[other:],
        ]
    )
    return made if made.strip() != token else token[:-1]


@pytest.mark.parametrize("seed", range(4))
def test_five_hundred_random_changes_are_all_found_in_certificate_and_list(seed: int) -> None:
    chance = random.Random(seed)
    held, listed = sealed(said()), sealed(a_list(), LISTER)

    for _ in range(500):
        assert check(tampered(held, chance), listed).problems
        assert check(held, tampered(listed, chance)).problems


def test_a_payload_that_is_no_credential_is_refused_with_the_reason() -> None:
    with refusal("credential_unreadable"):
        credential.read_credential(b"\xff")
    with refusal("credential_unreadable"):
        credential.read_list(b"{}")


def test_the_document_inside_is_the_signed_one_to_the_byte() -> None:
    inside = said()["credentialSubject"]["certificate"]

    assert canonical(inside) == DOCUMENT
    assert Place(0, 1) != PLACE


def test_what_a_genuine_credential_or_list_says_is_read_and_of_no_other() -> None:
    held, listed = sealed(said()), sealed(a_list(), LISTER)
    read = credential_check.read_genuine
    read_list = credential_check.read_genuine_list

    one, two = read(held, KEYS), read_list(listed, KEYS)
    assert one is not None
    assert two is not None
    assert one.iat == two.iat == int(NOW.timestamp())
    assert read(listed, KEYS) is None
    assert read_list(held, KEYS) is None
    assert read(sealed({"no": "credential"}), KEYS) is None
    assert read_list(sealed({"no": "list"}, LISTER), KEYS) is None
