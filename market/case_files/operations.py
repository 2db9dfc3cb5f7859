"""Hand a case file out (出具卷宗); that it was handed out, and to whom, is remembered (A49)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import operations as audit_log
from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.certificates import queries as certificates
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.workdays import Calendar
from catalog.notices import queries as notices
from catalog.objections import queries as objections
from catalog.products import queries as products
from catalog.registration import queries as registration
from catalog.rulebooks import queries as rulebooks
from catalog.signing.canonical import sha256_hex
from catalog.signing.signer import Signer
from catalog.timers import queries as timers
from market.case_files import archive, drawing_up, printed
from market.case_files.model import (
    CASE,
    FORMAT,
    KEYS,
    PAGE,
    README,
    SIGNATURE,
    TRACE,
    CaseSignature,
)
from market.supervision import queries as supervision
from market.supervision.operations import casework
from market.supervision.trace import FORMAT as TRACE_FORMAT
from market.supervision.trace import Trace, in_stages

ENTRIES_MAX: Final = 5_000

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
    :raises Missing: if there is no such application that it may see.
    :raises LogEmpty: if no checkpoint is signed yet, so that nothing could be proven.
    """
    actor.require("case_file:issue")
    file = await registration.get(tx, viewer=actor, application_id=application_id)
    issued = await certificates.list_of_application(tx, application_id)
    disputed = await objections.list_of_application(tx, viewer=actor, application_id=application_id)
    clocks = await timers.list_for_subject(
        tx, subject_kind="application", subject_id=application_id
    )
    for objection in disputed:
        clocks += await timers.list_for_subject(
            tx, subject_kind="objection", subject_id=objection.id
        )
    trace = drawing_up.trace_bytes(
        await _trace(tx, actor, now, application_id, file.application.product_id)
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
    )
    document = drawing_up.signed_bytes(case)
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
            KEYS: msgspec.json.encode(keys),
            PAGE: printed.page(case, key_id=seal.key_id),
            README: _README.encode(),
        }
    )


async def _trace(
    tx: Tx, actor: Actor, now: dt.datetime, application_id: uuid.UUID, product_id: uuid.UUID
) -> Trace:
    """Return every entry about the case and its documents, each with its proof."""
    subject = Subject("application", str(application_id))
    line = await log.list_entries_about_any(tx, actor, [subject.key], limit=ENTRIES_MAX + 1)
    entries = line[:ENTRIES_MAX]
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
