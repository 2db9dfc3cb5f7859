"""Hand a case file out (出具卷宗); that it was handed out, and to whom, is remembered (A49)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Iterable
from typing import Final, Protocol, TypeVar

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import operations as audit_log
from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.certificates import queries as certificates
from catalog.certificates.model import PublicCertificate
from catalog.changes import queries as changes
from catalog.instruments import queries as instruments
from catalog.kernel.actor import PUBLIC, Actor, system
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.workdays import Calendar
from catalog.notices import queries as notices
from catalog.objections import queries as objections
from catalog.objections.model import Objection
from catalog.products import queries as products
from catalog.registration import queries as registration
from catalog.rulebooks import queries as rulebooks
from catalog.signing.canonical import sha256_hex
from catalog.signing.signer import Signer
from catalog.terms import queries as terms
from catalog.timers import queries as timers
from market.case_files import archive, drawing_up
from market.case_files.drawing_up import LaterLife
from market.case_files.model import (
    CASE,
    FORMAT,
    KEYS,
    PAGE,
    README,
    SIGNATURE,
    TRACE,
    CaseSignature,
    NotShown,
)
from market.case_files.printed.page import page
from market.supervision import queries as supervision
from market.supervision import withheld
from market.supervision.operations import casework
from market.supervision.trace import FORMAT as TRACE_FORMAT
from market.supervision.trace import Trace, in_stages

T = TypeVar("T")
ENTRIES_MAX: Final = 5_000
# Compares what a reader is shown with all there is; nothing that it reads is handed out.
_WHOLE: Final = system(
    "case_files",
    "objection:read",
    "application:read",
    "certificate:read_burdens",
    "instrument:read",
)

_README: Final = """\
数据产品确权登记卷宗 · Case file of a rights registration

case.json       卷宗正文（RFC 8785 规范形式），以下签名所及  · the case, in canonical form; signed
signature.json  本系统对 case.json 的签名（Ed25519）        · the service's signature over it
trace.json      审计日志中有关本案的每一条及其包含证明      · every entry of the log about it, proven
keys.json       公钥                                        · the public keys
case.html       供阅读和打印                                · the same for people

核验 · To check it: market verify THIS.zip [--keys keys.json] [--vkey KEY]
签名的是 "shushi/v1/case_file" 加换行符加 case.json 的字节 · What is signed is the purpose, a line
feed, and the bytes of case.json. FORMAT.md in market/case_files says the rest.
"""


async def issue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    signer: Signer,
    keys: export.Keys,
    application_id: uuid.UUID,
) -> bytes:
    """Return the signed archive of a case, for whoever may see the case.

    :raises NotPermitted: if the actor reads no case files.
    :raises Missing: if there is no such application that it may see all of.
    :raises LogEmpty: if no checkpoint is signed yet, so that nothing could be proven.
    """
    actor.require("case_file:issue")
    file = await registration.find_in_full(tx, viewer=actor, application_id=application_id)
    if file is None:
        raise Missing
    issued = await certificates.list_of_application(tx, application_id)
    disputed = await objections.list_of_application(tx, viewer=actor, application_id=application_id)
    clocks = await timers.list_for_subject(
        tx, subject_kind="application", subject_id=application_id
    )
    for objection in disputed:
        clocks += await timers.list_for_subject(
            tx, subject_kind="objection", subject_id=objection.id
        )
    later = await _later(tx, actor, application_id, issued)
    for kind, ids in _cases(later):
        for case_id in ids:
            clocks += await timers.list_for_subject(tx, subject_kind=kind, subject_id=case_id)
    also = [] if later is None else [Subject("certificate", each.number).key for each in issued]
    line = await _trace(tx, actor, now, application_id, file.application.product_id, also=also)
    trace = drawing_up.trace_bytes(line)
    not_shown = NotShown(
        reader=drawing_up.reader_of(actor, file.application.agency_party_id),
        parts=await _left_out(tx, application_id, issued, disputed, later),
        trace=withheld.of_trace(line),
    )
    case = drawing_up.draw_up(
        file,
        rulebook=await rulebooks.of_case(
            tx,
            code=file.application.rulebook,
            filed_on=file.application.ruled_on,
        ),
        notices=await notices.list_of_application(tx, application_id),
        objections=disputed,
        certificates=issued,
        timers=clocks,
        calendar=calendar,
        trace=trace,
        now=now,
        later=later,
        not_shown=not_shown,
    )
    beside = {
        KEYS: msgspec.json.encode(keys),
        PAGE: page(case, line, key_id=signer.key_id),
        README: _README.encode(),
    }
    document = drawing_up.signed_bytes(drawing_up.with_enclosed(case, beside))
    seal = signer.seal(document)
    signature = CaseSignature(
        type=FORMAT,
        key_id=seal.key_id,
        value=seal.value,
        algorithm=seal.algorithm,
        application_id=application_id,
    )
    await audit_log.append(
        tx,
        Event.CASE_FILE_ISSUED,
        actor=actor,
        now=now,
        subjects=[Subject("application", str(application_id))],
        facts={"sha256": sha256_hex(document), "key_id": seal.key_id},
        rules=("HN-05", "HN-28"),
    )
    return archive.pack(
        {
            CASE: document,
            SIGNATURE: msgspec.json.encode(signature),
            TRACE: trace,
            **beside,
        }
    )


async def _later(
    tx: Tx, viewer: Actor, application_id: uuid.UUID, issued: list[PublicCertificate]
) -> LaterLife | None:
    """Return what became of the certificates, to inspectors and to whom all of them belong."""
    held = [await certificates.find(tx, each.number) for each in issued]
    party = viewer.acting_for or viewer.party_id
    is_own = all(each is not None and each.registrant_party_id == party for each in held)
    if not issued or not (viewer.sees_all or is_own):
        return None
    numbers = [each.number for each in issued]
    return LaterLife(
        changes=await _of_each(changes.list_of_certificate, tx, viewer, numbers),
        reissues=await _of_each(certificates.list_reissues, tx, viewer, numbers),
        encumbrances=await certificates.list_encumbrances(tx, viewer=viewer, number=numbers[-1]),
        instruments=await instruments.list_of_application(
            tx, viewer=viewer, application_id=application_id
        ),
        transfers=await _of_each(certificates.list_transfers, tx, viewer, numbers),
        requests=await _of_each(terms.list_of_certificate, tx, viewer, numbers),
    )


class _Reading(Protocol[T]):
    def __call__(self, tx: Tx, /, *, viewer: Actor, number: str) -> Awaitable[list[T]]: ...


async def _of_each(read: _Reading[T], tx: Tx, viewer: Actor, numbers: Iterable[str]) -> list[T]:
    return [each for number in numbers for each in await read(tx, viewer=viewer, number=number)]


async def _left_out(
    tx: Tx,
    application_id: uuid.UUID,
    issued: list[PublicCertificate],
    disputed: list[Objection],
    later: LaterLife | None,
) -> tuple[str, ...]:
    """Return of which parts of the case more is kept than the reader is shown."""
    async with beyond_own_rows(tx):
        every = await objections.list_of_application(
            tx, viewer=_WHOLE, application_id=application_id
        )
        whole = await _later(tx, _WHOLE, application_id, issued)
    told = {"objections": disputed != every, "later": later != whole}
    return tuple(part for part, is_left_out in told.items() if is_left_out)


def _cases(later: LaterLife | None) -> list[tuple[str, list[uuid.UUID]]]:
    """Return the cases of a later life that have clocks of their own."""
    if later is None:
        return []
    return [
        ("change", [each.change.id for each in later.changes]),
        ("instrument", [each.id for each in later.instruments]),
        ("certificate_request", [each.id for each in later.requests]),
    ]


async def _trace(
    tx: Tx,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    product_id: uuid.UUID,
    *,
    also: list[str],
) -> Trace:
    """Return every entry about the case and its documents, each with its proof.

    Its leaf is public; what it says (the payload) stands there if the reader may read it in the log.
    """
    keys = [Subject("application", str(application_id)).key, *also]
    read = await log.list_entries_about_any(tx, actor, keys, limit=ENTRIES_MAX + 1)
    known = {entry.id: entry for entry in read}
    async with beyond_own_rows(tx):
        line = await log.list_entries_about_any(tx, PUBLIC, keys, limit=ENTRIES_MAX + 1)
    entries = [known.get(entry.id, entry) for entry in line[:ENTRIES_MAX]]
    product = await products.find(tx, product_id=product_id)
    published = await log.get_checkpoint(tx)
    placed = [entry.index for entry in entries if entry.index is not None]
    proofs = await log.prove_inclusions(
        tx, [index for index in placed if index < published.size], published.size
    )
    return Trace(
        format=TRACE_FORMAT,
        product_id=product_id,
        product_name="" if product is None else product.name,
        traced_at=now,
        checkpoint=casework.signed(published.size, published.root, published.note),
        stages=in_stages(entries, proofs),
        records=tuple(await supervision.list_records(tx, actor, entries)),
        waiting_count=len(entries) - len(proofs),
        is_complete=len(line) <= ENTRIES_MAX,
    )
