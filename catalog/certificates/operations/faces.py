"""Make the faces of a certificate that machines of others read (凭证的其他形式).

vc+jwt and its status list, the signature of another algorithm, the proofs of its entry in the log.

A face is made when it is asked for, from the signed document and the register as they are then.
Nothing new is stored of a certificate; a status list that says something new is remembered first.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.certificates import credential as form
from catalog.certificates import format as certificate_format
from catalog.certificates import status_list
from catalog.certificates.store import register, status_lists
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.signing import jws
from catalog.signing.canonical import sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.timestamps import queries as timestamps
from catalog.timestamps.evidence import EvidenceRecord
from catalog.witnessing import queries as witnessing
from catalog.witnessing.queries import NotWitnessed

_LAST: Final = 2**31 - 1  # what the column holds


async def credential(tx: Tx, *, now: dt.datetime, signer: Signer, number: str, base: str) -> bytes:
    """Return a certificate as vc+jwt, whether it counts or not: the status list says that.

    :raises Missing: if no certificate has this number.
    """
    assert signer.purpose is Purpose.CREDENTIAL, "credentials have a key of their own"
    certificate = await register.find(tx, number)
    if certificate is None:
        raise Missing
    place = await status_lists.find_status_place(tx, number)
    said = form.credential(certificate.document, place=place, base=base, now=now)
    return _signed(signer, base, said)


async def signed_by(tx: Tx, *, signer: Signer, number: str) -> bytes:
    """Return a certificate's file with the signature of another algorithm's key (SM2), made now.

    It is over the same bytes as the one that was made at the issue.

    :raises Missing: if no certificate has this number.
    """
    assert signer.purpose is Purpose.CERTIFICATE, "it is the certificate's own signature"
    certificate = await register.find(tx, number)
    if certificate is None:
        raise Missing
    return certificate_format.pack(certificate.document, signer.seal(certificate.document))


async def log_proof(tx: Tx, number: str) -> bytes:
    """Return the ``.tlog-proof`` of a certificate's issue; ``extra`` holds the entry's bytes.

    :raises Missing: if no certificate has this number.
    :raises NotWitnessed: if no witnessed checkpoint covers its entry yet.
    """
    index = await _index(tx, number)
    proof = await witnessing.prove_entry(tx, index)
    return msgspec.structs.replace(proof, extra=await log.get_leaf(tx, index)).text()


async def evidence_record(tx: Tx, *, now: dt.datetime, number: str) -> EvidenceRecord:
    """Return the timestamps that prove since when a certificate's issue is in the log.

    :raises Missing: if no certificate has this number.
    :raises NoTimestamp: if no timestamp covers its entry yet.
    """
    certificate = await register.find(tx, number)
    if certificate is None:
        raise Missing
    return await timestamps.get_evidence_of(tx, EntryId(certificate.entry_id), now=now)


async def _index(tx: Tx, number: str) -> int:
    certificate = await register.find(tx, number)
    if certificate is None:
        raise Missing
    index = await log.find_index(tx, EntryId(certificate.entry_id))
    if index is None:
        raise NotWitnessed
    return index


async def publish_list(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    list_number: int,
    base: str,
    name: str,
) -> bytes:
    """Return a status list as vc+jwt, as the register is now (状态列表).

    1. What the list says is read from the register, not from a copy of it.
    2. If that is not what its newest version says, the next version is entered in the log and
       kept, one at a time; so every list that was ever shown is bound in the log.
    3. It is signed for a short time only.

    :raises Missing: if no certificate stands in a list of this number.
    """
    assert signer.purpose is Purpose.STATUS_LIST, "status lists have a key of their own"
    if list_number > _LAST or not await status_lists.is_status_list(tx, list_number):
        raise Missing
    bits = status_list.bits_of(await status_lists.list_standing(tx, list_number))
    newest = await status_lists.find_list_version(tx, list_number)
    if newest is None or newest.bits_sha256 != sha256_hex(bits):
        await status_lists.lock_status_list(tx, list_number)
        bits = status_list.bits_of(await status_lists.list_standing(tx, list_number))
        newest = await _next_version(tx, actor=actor, now=now, list_number=list_number, bits=bits)
    said = form.list_credential(
        bits, number=list_number, version=newest.version, base=base, name=name, now=now
    )
    return _signed(signer, base, said)


async def _next_version(
    tx: Tx, *, actor: Actor, now: dt.datetime, list_number: int, bits: bytes
) -> form.ListVersion:
    # Somebody else may have published the same list while this one waited for its turn.
    newest, sha256 = await status_lists.find_list_version(tx, list_number), sha256_hex(bits)
    if newest is not None and newest.bits_sha256 == sha256:
        return newest
    version = 1 if newest is None else newest.version + 1
    entry_id = (
        await audit_log.append(
            tx,
            Event.STATUS_LIST_PUBLISHED,
            actor=actor,
            now=now,
            subjects=[Subject("status_list", str(list_number))],
            facts={"version": version},
            digests=[Digest("status_list", str(list_number), sha256)],
        )
    ).id
    await status_lists.insert_list_version(
        tx,
        list_number=list_number,
        version=version,
        bits_sha256=sha256,
        encoded=status_list.encoded(bits),
        published_at=now,
        entry_id=entry_id,
    )
    return form.ListVersion(version, sha256)


def _signed(signer: Signer, base: str, said: form.Credential | form.ListCredential) -> bytes:
    kid = form.kid_of(base, signer.key_id)
    message = jws.signing_input(msgspec.json.encode(said), typ=form.TYP, kid=kid)
    return jws.assemble(message, signer.sign(message))
