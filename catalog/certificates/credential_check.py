"""Check a certificate that came as vc+jwt, offline (可验证凭证核验). See FORMAT.md.

1. It is a JWS of the one type and algorithm, signed by a key of the service for credentials, which
   is named by its place in the service's published keys, is not revoked, and signed in its time.
2. It is a credential that fits together; the certificate inside has the digest that it names.
3. With the log at hand, an entry holds that digest. A credential without it was never issued.
4. With a status list at hand: the list is signed by the key for lists, is the one that the
   credential names, is not past its time, and says that the certificate counts. Nothing is believed
   of a list that fails in any of it.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out, proven_log
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.leaf import instant
from catalog.audit_log.model import Leaf
from catalog.audit_log.verdict import Fault, Findings, Verdict
from catalog.certificates import credential as form
from catalog.certificates import status_list
from catalog.certificates.credential import Credential, ListCredential
from catalog.certificates.status_list import Status
from catalog.kernel.errors import DomainError
from catalog.signing import jws
from catalog.signing.canonical import canonical
from catalog.signing.jws import Flaw
from catalog.signing.model import ED25519, key_id_of
from catalog.signing.purposes import Purpose

LIST: Final = "status_list"
CERTIFICATE: Final = "certificate"

#: By how much clocks may differ: what was signed later than that is of no time yet [P].
SKEW: Final = dt.timedelta(minutes=5)

#: How long an entry may take to get its place and a checkpoint over it [P].
MERGE_DELAY: Final = dt.timedelta(minutes=1)

_IN_WORDS: Final = {
    Flaw.NOT_COMPACT: ("it is no compact JWS, each part in its one spelling", Fault.MALFORMED),
    Flaw.HEADER_UNREADABLE: ("its header is unreadable", Fault.MALFORMED),
    Flaw.UNSIGNED: ("it is not signed", Fault.UNSIGNED),
    Flaw.ALGORITHM_OTHER: ("it is signed by another algorithm than EdDSA", Fault.ALGORITHM_OTHER),
    Flaw.TYPE_OTHER: ("its type is not vc+jwt: a token for something else", Fault.TYPE_OTHER),
    Flaw.HEADER_UNKNOWN: ("its header has a parameter that the format has not", Fault.MALFORMED),
    Flaw.KEY_UNKNOWN: ("its key is not one of the service's for this", Fault.KEY_UNKNOWN),
    Flaw.SIGNATURE_WRONG: (
        "its signature does not verify: content or signature was changed",
        Fault.SIGNATURE_WRONG,
    ),
}

_STATUS_IN_WORDS: Final = {
    Status.VALID: "有效 · valid: it counts",
    Status.SUSPENDED: "争议冻结 · suspended: it does not count while the dispute lasts",
    Status.SUPERSEDED: "已变更 · superseded: another certificate took its place",
    Status.TRANSFERRED: "已转移 · transferred: it does not count any more",
    Status.DEREGISTERED: "已注销 · deregistered: it does not count any more",
    Status.REVOKED: "已撤销 · revoked: it does not count any more",
    Status.LAPSED: "期满失效 · lapsed: its term is over and it was not renewed",
    Status.UNUSED: "unknown: the list says what the format has no word for",
}

Log = tuple[export.Source, VerifierKey]


def check(
    token: bytes,
    *,
    keys: export.Keys,
    now: dt.datetime,
    listed: bytes | None = None,
    log: Log | None = None,
    is_found_in_log: bool = False,
) -> Verdict:
    """Return what is found of a certificate as vc+jwt; the first thing wrong comes first.

    ``is_found_in_log``: the caller has looked for the entry of its issue itself.

    ``listed`` is the status list that it names, as it was fetched. A status list may also be
    checked by itself.
    """
    found, token = Findings(), token.strip()
    purpose = _purpose_of(token, keys)
    if purpose is Purpose.STATUS_LIST:
        _check_list(found, token, keys=keys, now=now, log=log)
        return found.verdict()
    held = _open_certificate(found, token, keys, now)
    if held is None:
        return found.verdict()
    if not is_found_in_log:
        _check_issued(found, held, log)
    if listed is None:
        found.note(
            "whether it counts was not checked: give --status "
            f"({held.credential_status.status_list_credential})"
        )
        return found.verdict()
    list_held = _check_list(found, listed.strip(), keys=keys, now=now, log=log)
    if list_held is not None:
        _check_standing(found, held, *list_held)
    return found.verdict()


def address_of_list(token: bytes, keys: export.Keys) -> str | None:
    """Return where the status list is that a genuine credential names; None if it is not genuine."""
    found = Findings()
    opened = _opened(found, token.strip(), keys, Purpose.CREDENTIAL)
    if opened is None:
        return None
    try:
        return form.read_credential(opened.payload).credential_status.status_list_credential
    except DomainError:
        return None


def read_genuine(token: bytes, keys: export.Keys) -> Credential | None:
    """Return what a certificate as vc+jwt says, None if the service did not sign it like that."""
    opened = _opened(Findings(), token.strip(), keys, Purpose.CREDENTIAL)
    try:
        return None if opened is None else form.read_credential(opened.payload)
    except DomainError:
        return None


def read_genuine_list(token: bytes, keys: export.Keys) -> ListCredential | None:
    """Return what a status list says, None if the service did not sign it like that."""
    opened = _opened(Findings(), token.strip(), keys, Purpose.STATUS_LIST)
    try:
        return None if opened is None else form.read_list(opened.payload)[0]
    except DomainError:
        return None


def _purpose_of(token: bytes, keys: export.Keys) -> Purpose:
    opened = _opened(Findings(), token, keys, Purpose.STATUS_LIST)
    return Purpose.CREDENTIAL if opened is None else Purpose.STATUS_LIST


def _opened(
    found: Findings, token: bytes, keys: export.Keys, purpose: Purpose
) -> jws.Opened | None:
    kind = LIST if purpose is Purpose.STATUS_LIST else CERTIFICATE
    try:
        return jws.open_strictly(
            token, typ=form.TYP, key_of=lambda kid: _public_key(keys, kid, purpose)
        )
    except jws.NotOpened as refused:
        reason, fault = _IN_WORDS[refused.flaw]
        found.bad(kind, "(unopened)", reason, fault)
        return None


def _row(keys: export.Keys, kid: str, purpose: Purpose) -> export.KeyRow | None:
    key_id = form.key_id_in(kid)
    return next(
        (
            row
            for row in keys.keys
            if (row.key_id, row.purpose, row.holder_party_id) == (key_id, purpose.value, None)
            and row.algorithm == ED25519
            and key_id_of(row.public_key) == key_id
        ),
        None,
    )


def _public_key(keys: export.Keys, kid: str, purpose: Purpose) -> bytes | None:
    row = _row(keys, kid, purpose)
    return None if row is None else row.public_key


def _check_signed(  # noqa: PLR0917
    found: Findings,
    kind: str,
    name: object,
    kid: str,
    issuer: str,
    iat: int,
    *,
    purpose: Purpose,
    keys: export.Keys,
    now: dt.datetime,
) -> bool:
    """Tell whether the key may have signed this at the time that is told; a revoked one never."""
    row = _row(keys, kid, purpose)
    assert row is not None, "it verified the signature"
    at = dt.datetime.fromtimestamp(iat, dt.UTC)
    signed = instant(at)
    # A key is entered inside the second in which it may sign first.
    begins = instant(dt.datetime.fromisoformat(row.valid_from).replace(microsecond=0))
    if kid != form.kid_of(issuer, row.key_id):
        found.bad(kind, name, "its key is not named as its issuer's", Fault.KEY_UNKNOWN)
    elif row.revoked_at is not None:
        reason = "its key was revoked, and nothing proves that it was signed before"
        found.bad(kind, name, reason, Fault.KEY_NOT_VALID)
    elif row.distrusted_from is not msgspec.UNSET:
        reason = f"its key is distrusted from entry {row.distrusted_from} of the log on, and nothing proves that it was signed before"
        found.bad(kind, name, reason, Fault.KEY_DISTRUSTED)
    elif signed < begins or (row.valid_to is not None and signed >= row.valid_to):
        found.bad(kind, name, f"its key did not sign at {signed}", Fault.KEY_NOT_VALID)
    elif at > now + SKEW:
        found.bad(kind, name, f"it says that it is of {signed}, still to come", Fault.MALFORMED)
    else:
        return True
    return False


def _open_certificate(
    found: Findings, token: bytes, keys: export.Keys, now: dt.datetime
) -> Credential | None:
    found.count(CERTIFICATE)
    opened = _opened(found, token, keys, Purpose.CREDENTIAL)
    if opened is None:
        return None
    try:
        held = form.read_credential(opened.payload)
    except DomainError as error:
        name = "(unreadable)"
        found.bad(CERTIFICATE, name, str(error.facts["reason"]), Fault.CONTENT_DIFFERS)
        return None
    is_good = _check_signed(
        found,
        CERTIFICATE,
        number_of(held),
        opened.kid,
        held.issuer.id,
        held.iat,
        purpose=Purpose.CREDENTIAL,
        keys=keys,
        now=now,
    )
    if held.valid_until is not None and dt.datetime.fromisoformat(held.valid_until) <= now:
        found.note(f"its term ended at {held.valid_until}")
    return held if is_good else None


def number_of(held: Credential) -> str:
    """Return the registration number in a credential."""
    return str(held.credential_subject.certificate.get("registration_number"))


def _check_issued(found: Findings, held: Credential, log: Log | None) -> None:
    if log is None:
        found.note("that it was issued was not compared with the log; give --log")
        return
    document = canonical(held.credential_subject.certificate)
    handed_out.check_bound(found, *log, CERTIFICATE, number_of(held), document)


def _check_list(
    found: Findings, token: bytes, *, keys: export.Keys, now: dt.datetime, log: Log | None
) -> tuple[ListCredential, bytes] | None:
    found.count("status list")
    opened = _opened(found, token, keys, Purpose.STATUS_LIST)
    if opened is None:
        return None
    try:
        held, bits = form.read_list(opened.payload)
    except DomainError as error:
        found.bad(LIST, "(unreadable)", str(error.facts["reason"]), Fault.CONTENT_DIFFERS)
        return None
    number = held.credential_subject.list_number
    is_good = _check_signed(
        found,
        LIST,
        number,
        opened.kid,
        held.issuer.id,
        held.iat,
        purpose=Purpose.STATUS_LIST,
        keys=keys,
        now=now,
    )
    if now.timestamp() >= held.exp:
        reason = f"it was good until {held.valid_until}: fetch it again"
        found.bad(LIST, number, reason, Fault.LIST_STALE)
        is_good = False
    if log is not None and not _is_newest(found, held, log):
        is_good = False
    return (held, bits) if is_good else None


def _is_newest(found: Findings, held: ListCredential, log: Log) -> bool:
    number = held.credential_subject.list_number

    def names_it(leaf: Leaf) -> bool:
        return any((each.kind, each.id) == (LIST, str(number)) for each in leaf.digests)

    read = proven_log.read(*log, found, names_it)
    if read is None:
        return False
    entered = [
        each.sha256
        for _, leaf in read.found
        for each in leaf.digests
        if (each.kind, each.id) == (LIST, str(number))
    ]
    if held.credential_subject.bits_sha256 not in entered:
        if read.last_at < instant(dt.datetime.fromtimestamp(held.iat, dt.UTC) + MERGE_DELAY):
            found.note("the log given ends before or just as the status list was signed: ask again")
            return True
        found.bad(LIST, number, "no entry of the log knows it", Fault.NOT_BOUND)
        return False
    if entered[-1] != held.credential_subject.bits_sha256:
        found.bad(LIST, number, "the log has a newer one: fetch it again", Fault.LIST_STALE)
        return False
    return True


def _check_standing(found: Findings, held: Credential, listed: ListCredential, bits: bytes) -> None:
    named, number = held.credential_status, number_of(held)
    if (listed.id, listed.issuer.id) != (named.status_list_credential, held.issuer.id):
        reason = f"the status list given is {listed.id}, not the one that it names"
        found.bad(CERTIFICATE, number, reason, Fault.LIST_OTHER)
        return
    status = status_list.status_at(bits, int(named.status_list_index))
    found.count(f"status: {status.name.lower()}")
    told = f"{_STATUS_IN_WORDS[status]}, as of {listed.valid_from}"
    if status is Status.VALID:
        found.note(told)
    else:
        found.bad(CERTIFICATE, number, told, Fault.COUNTS_NO_MORE)
