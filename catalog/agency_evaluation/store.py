"""Table and statements of the evaluations (履约评价)."""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from catalog.agency_evaluation.model import Evaluation, EvaluationDocument
from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.signing.canonical import canonical

_INSTANT: Final = sa.DateTime(timezone=True)

EVALUATIONS: Final = sa.Table(
    "agency_evaluations",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, nullable=False),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("agency_party_id", sa.Uuid, nullable=False),
    sa.Column("rulebook", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("opened_at", _INSTANT, nullable=False),
    sa.Column("document", sa.LargeBinary),
    sa.Column("sha256", sa.Text),
    sa.Column("key_id", sa.Text),
    sa.Column("signature", sa.LargeBinary),
    sa.Column("evaluated_by", sa.Uuid),
    sa.Column("evaluated_at", _INSTANT),
    sa.Column("filed_at", _INSTANT),
    sa.Column("filing_number", sa.Text),
    sa.Column("acknowledged_by", sa.Uuid),
    sa.Column("acknowledged_at", _INSTANT),
    schema="catalog",
)

_SELECT: Final = select_all(EVALUATIONS)


async def insert(tx: Tx, evaluation: Evaluation) -> None:
    """Insert an evaluation that is due."""
    await tx.insert(EVALUATIONS, **_values(evaluation))


async def update(tx: Tx, evaluation: Evaluation) -> None:
    """Write back what may change of an evaluation, which the caller holds locked."""
    values = _values(evaluation)
    touched = await tx.execute(
        """
        UPDATE catalog.agency_evaluations
           SET state = $2, document = $3, sha256 = $4, key_id = $5, signature = $6,
               evaluated_by = $7, evaluated_at = $8, filed_at = $9, filing_number = $10,
               acknowledged_by = $11, acknowledged_at = $12
         WHERE id = $1""",
        evaluation.id,
        values["state"],
        values["document"],
        evaluation.sha256,
        evaluation.key_id,
        evaluation.signature,
        evaluation.evaluated_by,
        evaluation.evaluated_at,
        evaluation.filed_at,
        evaluation.filing_number,
        evaluation.acknowledged_by,
        evaluation.acknowledged_at,
    )
    assert touched == 1, "a locked evaluation can not vanish"


async def lock(tx: Tx, evaluation_id: uuid.UUID) -> Evaluation | None:
    """Lock and return an evaluation that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", evaluation_id)
    return None if row is None else _evaluation(row)


async def lock_of_contract(tx: Tx, contract_id: uuid.UUID) -> Evaluation | None:
    """Lock and return the evaluation of a contract, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE contract_id = $1 FOR UPDATE", contract_id)
    return None if row is None else _evaluation(row)


async def find(tx: Tx, evaluation_id: uuid.UUID) -> Evaluation | None:
    """Return an evaluation that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", evaluation_id)
    return None if row is None else _evaluation(row)


async def list_page(tx: Tx, *, before: uuid.UUID | None, limit: int) -> list[Evaluation]:
    """Return the evaluations that the actor may see, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2", before, limit
    )
    return [_evaluation(row) for row in rows]


def _values(evaluation: Evaluation) -> dict[str, Any]:
    document = evaluation.document
    return msgspec.structs.asdict(evaluation) | {
        "state": evaluation.state.value,
        "document": None if document is None else canonical(document),
    }


def _evaluation(row: Row) -> Evaluation:
    values = dict(row)
    raw = values.pop("document")
    document = None if raw is None else msgspec.json.decode(raw, type=EvaluationDocument)
    return msgspec.structs.replace(
        msgspec.convert(values | {"document": None}, Evaluation), document=document
    )
