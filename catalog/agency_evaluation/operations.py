"""Evaluate an agency when its contract ends, file it with the bureau (履约评价、备案), HN-24."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from catalog.agencies import queries as agencies
from catalog.agencies.model import AgencyContract
from catalog.agencies.operations import contracts
from catalog.agency_evaluation import ending, filling, store
from catalog.agency_evaluation.model import (
    Evaluation,
    EvaluationDocument,
    EvaluationId,
    TermKept,
)
from catalog.agency_evaluation.states import Event as Happening
from catalog.agency_evaluation.states import State, advance
from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.signer import Signer
from catalog.timers import operations as timers

FORMAT: Final = "shushi/agency-evaluation/1"
TIMER: Final = "agency_evaluation"


async def end_contract(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, contract_id: uuid.UUID
) -> Evaluation:
    """End a contract whose days are over; from its last day on its evaluation is owed (D9).

    :raises NotPermitted: if the actor is not the job for it.
    :raises AgencyContractMissing: if there is no such contract.
    """
    contract = await contracts.run_out(tx, actor=actor, now=now, contract_id=contract_id)
    found = await store.lock_of_contract(tx, contract.id)
    return found or await _open(tx, contract, actor=actor, now=now, calendar=calendar)


async def evaluate(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    contract_id: uuid.UUID,
    terms: Sequence[TermKept],
    remarks: str,
    points: int,
    signer: Signer,
) -> Evaluation:
    """Evaluate and sign, as the operator. Response times and HN-27 are filled in by the system.

    :raises NotPermitted: if the actor may not evaluate.
    :raises AgencyContractMissing: if there is no such contract of the actor's operator.
    :raises ContractNotEnded: if its last day is not over.
    :raises AgencyEvaluationEventNotAllowed: if it was evaluated before.
    :raises EvaluationIncomplete: if terms, remarks or points are missing.
    """
    actor.require("agency_evaluation:write")
    contract = await contracts.lock_own(tx, actor=actor, contract_id=contract_id)
    ending.check_ended(contract, local_date(now))
    owed = await store.lock_of_contract(tx, contract.id)
    if owed is None:  # the job has not come to it yet
        owed = await _open(tx, contract, actor=actor, now=now, calendar=calendar)
    state = advance(owed.state, Happening.EVALUATE)
    filling.check_given(terms, remarks, points)
    book = await rulebooks.of_case(tx, code=owed.rulebook, filed_on=contract.starts_on)
    document = EvaluationDocument(
        format=FORMAT,
        evaluation_id=str(owed.id),
        contract_number=contract.contract_number,
        selection_number=contract.selection_number,
        operator_party_id=str(contract.operator_party_id),
        agency_party_id=str(contract.agency_party_id),
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        timeliness=filling.timeliness(
            await agencies.list_of_contract(tx, contract_id=contract.id), book.review, calendar
        ),
        incidents=filling.incidents(await agencies.list_incidents(tx, contract_id=contract.id)),
        terms=tuple(terms),
        remarks=remarks,
        points=points,
        evaluated_at=now,
    )
    signed = canonical(document)
    signature = signer.seal(signed)
    evaluated = msgspec.structs.replace(
        owed,
        state=state,
        document=document,
        sha256=sha256_hex(signed),
        key_id=signature.key_id,
        signature=signature.value,
        evaluated_by=actor.account_id,
        evaluated_at=now,
    )
    await store.update(tx, evaluated)
    await _remember(
        tx,
        Event.AGENCY_EVALUATED,
        evaluated,
        actor=actor,
        now=now,
        facts={
            "contract_number": contract.contract_number,
            "agency_party_id": contract.agency_party_id,
            "points": points,
            "timeliness": document.timeliness,
            "incidents": len(document.incidents),
            "terms_broken": sum(not each.is_kept for each in terms),
        },
        reason=remarks,
        digests=[Digest("agency_evaluation", str(evaluated.id), sha256_hex(signed))],
    )
    return evaluated


async def file(tx: Tx, *, actor: Actor, now: dt.datetime, evaluation_id: uuid.UUID) -> Evaluation:
    """File a signed evaluation with the bureau (报备案); its clock is met, in time or late.

    From now on it counts: its points in the next selection, and the agency may be contracted anew.

    :raises NotPermitted: if the actor may not evaluate.
    :raises Missing: if there is no such evaluation of the actor's operator.
    :raises AgencyEvaluationEventNotAllowed: if it is not signed, or filed already.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    """
    actor.require("agency_evaluation:write")
    signed = await _lock(tx, evaluation_id)
    if signed.operator_party_id != actor.party:
        raise Missing
    state = advance(signed.state, Happening.FILE)
    delegation = await delegations.require(tx, operator_party_id=actor.party, now=now)
    filed = msgspec.structs.replace(signed, state=state, filed_at=now)
    await store.update(tx, filed)
    assert filed.document is not None, "a signed evaluation has its document"
    await contracts.note_evaluation(
        tx, contract_id=filed.contract_id, now=now, points=filed.document.points
    )
    await timers.meet(
        tx, now=now, kind=TIMER, subject_kind="agency_evaluation", subject_id=filed.id
    )
    for party in (delegation.authority_party_id, filed.agency_party_id):
        await notifications.send(
            tx,
            now=now,
            to=party,
            topic=Topic.AGENCY_EVALUATION_FILED,
            subject=Subject("agency_evaluation", str(filed.id)),
            facts={
                "contract_number": filed.document.contract_number,
                "points": filed.document.points,
            },
        )
    await _remember(
        tx,
        Event.AGENCY_EVALUATION_FILED,
        filed,
        actor=actor,
        now=now,
        facts={"authority_party_id": delegation.authority_party_id},
    )
    return filed


async def acknowledge(
    tx: Tx, *, actor: Actor, now: dt.datetime, evaluation_id: uuid.UUID, filing_number: str
) -> Evaluation:
    """Acknowledge a filed evaluation, as the bureau (备案回执).

    :raises NotPermitted: if the actor is not the bureau.
    :raises Missing: if there is no such evaluation.
    :raises AgencyEvaluationEventNotAllowed: if it is not filed, or acknowledged already.
    :raises FilingNumberMissing: if the receipt has no number.
    """
    actor.require("agency_evaluation:acknowledge")
    filed = await _lock(tx, evaluation_id)
    state = advance(filed.state, Happening.ACKNOWLEDGE)
    filling.check_number(filing_number)
    acknowledged = msgspec.structs.replace(
        filed,
        state=state,
        filing_number=filing_number,
        acknowledged_by=actor.account_id,
        acknowledged_at=now,
    )
    await store.update(tx, acknowledged)
    await _remember(
        tx,
        Event.AGENCY_EVALUATION_ACKNOWLEDGED,
        acknowledged,
        actor=actor,
        now=now,
        facts={"filing_number": filing_number},
    )
    return acknowledged


async def _open(
    tx: Tx, contract: AgencyContract, *, actor: Actor, now: dt.datetime, calendar: Calendar
) -> Evaluation:
    book = await rulebooks.of_case(tx, code=HAINAN_2023.code, filed_on=contract.starts_on)
    owed = Evaluation(
        id=EvaluationId(new_id()),
        contract_id=contract.id,
        operator_party_id=contract.operator_party_id,
        agency_party_id=contract.agency_party_id,
        rulebook=book.code,
        state=State.DUE,
        opened_at=now,
    )
    await store.insert(tx, owed)
    await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=TIMER,
        subject_kind="agency_evaluation",
        subject_id=owed.id,
        against="supermarket_operator",
        rulebook=book.code,
        period=book.agency_evaluation,
        started_on=contract.ends_on,
        party_id=contract.operator_party_id,
    )
    await _remember(
        tx,
        Event.AGENCY_EVALUATION_DUE,
        owed,
        actor=actor,
        now=now,
        facts={"contract_number": contract.contract_number, "ends_on": contract.ends_on},
    )
    return owed


async def _lock(tx: Tx, evaluation_id: uuid.UUID) -> Evaluation:
    found = await store.lock(tx, evaluation_id)
    if found is None:
        raise Missing
    return found


async def _remember(
    tx: Tx,
    event: Event,
    evaluation: Evaluation,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: Any,
    reason: str | None = None,
    digests: Sequence[Digest] = (),
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("agency_evaluation", str(evaluation.id)),
            Subject("agency_contract", str(evaluation.contract_id)),
            Subject("party", str(evaluation.agency_party_id)),
        ],
        facts=facts,
        after={"state": evaluation.state.value},
        reason=reason,
        rules=("HN-24",),
        digests=digests,
    )
