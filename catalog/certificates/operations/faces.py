"""Make the faces of a certificate that machines of others read (凭证的其他形式): vc+jwt, status list.

A face is made when it is asked for, from the signed document and the register as they are then.
Nothing new is stored of a certificate; a status list that says something new is remembered first.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.certificates import credential as form
from catalog.certificates import status_list, store
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.signing import jws
from catalog.signing.canonical import sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer

_LAST: Final = 2**31 - 1  # what the column holds


async def credential(tx: Tx, *, now: dt.datetime, signer: Signer, number: str, base: str) -> bytes:
    """Return a certificate as vc+jwt, whether it counts or not: the status list says that.

    :raises Missing: if no certificate has this number.
    """
    assert signer.purpose is Purpose.CREDENTIAL, "credentials have a key of their own"
    certificate = await store.find(tx, number)
    if certificate is None:
        raise Missing
    place = await store.find_status_place(tx, number)
    said = form.credential(certificate.document, place=place, base=base, now=now)
    return _signed(signer, base, said)


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
    if list_number > _LAST or not await store.is_status_list(tx, list_number):
        raise Missing
    bits = status_list.bits_of(await store.list_standing(tx, list_number))
    newest = await store.find_list_version(tx, list_number)
    if newest is None or newest.bits_sha256 != sha256_hex(bits):
        await store.lock_status_list(tx, list_number)
        bits = status_list.bits_of(await store.list_standing(tx, list_number))
        newest = await _next_version(tx, actor=actor, now=now, list_number=list_number, bits=bits)
    said = form.list_credential(
        bits, number=list_number, version=newest.version, base=base, name=name, now=now
    )
    return _signed(signer, base, said)


async def _next_version(
    tx: Tx, *, actor: Actor, now: dt.datetime, list_number: int, bits: bytes
) -> form.ListVersion:
    # Somebody else may have published the same list while this one waited for its turn.
    newest, sha256 = await store.find_list_version(tx, list_number), sha256_hex(bits)
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
    await store.insert_list_version(
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
