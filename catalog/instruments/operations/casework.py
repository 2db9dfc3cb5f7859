"""Lock, charge and remember an instrument: what every command on it does."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.case_access import operations as case_access
from catalog.case_access.model import Duty
from catalog.instruments import queries, store
from catalog.instruments.model import Instrument
from catalog.instruments.states import State
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing

NEW_HOLDER_ACTION: Final = "new_holder_action"
NEW_HOLDER: Final = "new_holder"


async def lock(tx: Tx, instrument_id: uuid.UUID) -> Instrument:
    """Lock and return an instrument.

    :raises Missing: if there is none.
    """
    instrument = await store.lock(tx, instrument_id)
    if instrument is None:
        raise Missing
    return instrument


async def take_up(
    tx: Tx, instrument: Instrument, duty: Duty, *, actor: Actor, now: dt.datetime
) -> None:
    """Take up the case of an instrument for one duty, or go on in it.

    :raises CaseHeldByAnother: if a colleague keeps the case.
    """
    case = await queries.case_of(tx, instrument)
    await case_access.act(tx, actor=actor, now=now, case=case, duty=duty)


async def remember(
    tx: Tx,
    event: Event,
    instrument: Instrument,
    *,
    actor: Actor,
    now: dt.datetime,
    before: State | None = None,
    reason: str | None = None,
    digests: list[Digest] | None = None,
) -> None:
    """Append what happened to an instrument to the log."""
    subjects = [
        Subject("instrument", str(instrument.id)),
        Subject("application", str(instrument.application_id)),
        Subject("product", str(instrument.product_id)),
    ]
    if instrument.certificate_number is not None:
        subjects.append(Subject("certificate", instrument.certificate_number))
    facts: dict[str, Any] = {
        "kind": instrument.kind.value,
        "issuing_body": instrument.issuing_body,
        "document_number": instrument.document_number,
        "effect": instrument.effect.value,
        "new_holder_party_id": instrument.new_holder_party_id,
        "effective_on": instrument.effective_on,
        "applied_as": instrument.applied_as,
    }
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=subjects,
        facts=facts,
        before=None if before is None else {"state": before.value},
        after={"state": instrument.state.value},
        reason=reason,
        rules=("HN-19", "HN-20"),
        digests=digests or [],
    )
