"""Say of an uploaded file what the register says of it (上传核验): examined apart, then asked of the log."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.audit_log import queries as log
from catalog.audit_log.published_keys import published
from catalog.audit_log.verdict import Bad, Fault
from catalog.certificates import queries as certificates
from catalog.certificates.standing import Standing
from catalog.kernel.db import Tx
from catalog.signing import queries as signing
from catalog.signing.canonical import sha256_hex
from market.http.context import Context
from market.verification.examining import CERTIFICATE, Examined, Given, Seen
from market.verification.kinds import Kind


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What an uploaded file is worth; ``standing`` is that of the certificate that it is about."""

    kind: Kind
    sha256: str  # of the file as it was uploaded
    is_genuine: bool
    problems: tuple[Bad, ...]
    notes: tuple[str, ...]
    counts: dict[str, int]
    certificate_number: str | None = None
    document_sha256: str | None = None
    standing: Standing | None = None


async def given_for(tx: Tx, wiring: Context, known_size: int) -> Given:
    """Return what the register lets a file be examined with: nothing that is not public."""
    keys = published(wiring.settings.log_origin, await signing.list_public_keys(tx))
    ca_file = wiring.settings.timestamp_ca_file
    witnessed = wiring.settings.witness_policy
    return Given(
        now=wiring.now(),
        keys=keys,
        policy=f"log {keys.log}\nquorum none\n" if witnessed is None else witnessed.read_text(),
        tsa_ca=None if ca_file is None else ca_file.read_text(),
        known_size=known_size,
    )


async def told(tx: Tx, raw: bytes, examined: Examined, at: dt.datetime) -> Verification:
    """Return the answer: what was found in the file, and what log and register say of that.

    A document that is signed and that the register does not know was never issued, whoever signed it.
    """
    problems = list(examined.problems)
    if examined.seen is not None:
        problems += await _differs(tx, examined.seen)
    sha256 = examined.certificate_sha256
    number = standing = None
    if sha256 is not None and not problems:
        number = await certificates.find_number_by_sha256(tx, sha256)
        if number is None:
            reason = "the register does not know this document: it was never issued"
            problems.append(Bad(CERTIFICATE, sha256[:16], reason, Fault.NOT_BOUND))
        else:
            standing = await certificates.get_standing(tx, number, at=at)
    return Verification(
        kind=examined.kind,
        sha256=sha256_hex(raw),
        is_genuine=not problems,
        problems=tuple(problems),
        notes=examined.notes,
        counts=examined.counts,
        certificate_number=number,
        document_sha256=sha256,
        standing=standing,
    )


async def _differs(tx: Tx, seen: Seen) -> list[Bad]:
    """Return what is wrong with a checkpoint that bears our signature, by our own log."""
    newest = await log.find_checkpoint(tx)
    if newest is None or seen.size > newest.size:
        reason = "the log has fewer entries than this checkpoint says"
        return [Bad("checkpoint", str(seen.size), reason, Fault.OTHER_LOG)]
    if (await log.prove_inclusion(tx, 0, seen.size)).root != seen.root:
        reason = "the log has another root for this size: two histories were signed"
        return [Bad("checkpoint", str(seen.size), reason, Fault.OTHER_LOG)]
    return []
