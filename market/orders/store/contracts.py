"""Tables and statements of contracts (合同) and their signatures."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.statements.db import insertion
from catalog.signing.model import Signature
from market.orders.model import Contract, ContractSignature, Order, Side

_INSTANT: Final = sa.DateTime(timezone=True)

CONTRACTS: Final = sa.Table(
    "contracts",
    METADATA,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("record", postgresql.BYTEA, nullable=False),
    sa.Column("record_sha256", sa.Text, nullable=False),
    sa.Column("split", postgresql.JSONB, nullable=False),
    sa.Column("drafted_at", _INSTANT, nullable=False),
    schema="market",
)

CONTRACT_SIGNATURES: Final = sa.Table(
    "contract_signatures",
    METADATA,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("side", sa.Text, primary_key=True),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("algorithm", sa.Text, nullable=False),
    sa.Column("value", postgresql.BYTEA, nullable=False),
    sa.Column("signed_at", _INSTANT, nullable=False),
    schema="market",
)


async def insert(tx: Tx, contract: Contract, order: Order) -> None:
    """Keep the contract that was drafted for ``order``."""
    drafted = insertion(
        CONTRACTS,
        order_id=contract.order_id,
        buyer_party_id=order.buyer_party_id,
        supplier_party_id=order.supplier_party_id,
        record=contract.document,
        record_sha256=contract.sha256,
        split=msgspec.to_builtins(contract.split),
        drafted_at=contract.drafted_at,
    )
    await tx.write_later(drafted)


async def insert_signature(tx: Tx, signed: ContractSignature, order: Order) -> None:
    """Keep a party's signature; each side has one."""
    signature = insertion(
        CONTRACT_SIGNATURES,
        order_id=order.id,
        side=signed.side.value,
        buyer_party_id=order.buyer_party_id,
        supplier_party_id=order.supplier_party_id,
        party_id=signed.party_id,
        key_id=signed.signature.key_id,
        algorithm=signed.signature.algorithm,
        value=signed.signature.value,
        signed_at=signed.signed_at,
    )
    await tx.write_later(signature)


async def find(tx: Tx, order_id: uuid.UUID) -> Contract | None:
    """Return the contract of an order with its signatures, or None."""
    rows = await tx.fetch(
        """
        SELECT c.order_id, c.record, c.record_sha256, c.split, c.drafted_at,
               s.side, s.party_id, s.key_id, s.algorithm, s.value, s.signed_at
          FROM market.contracts c LEFT JOIN market.contract_signatures s USING (order_id)
         WHERE c.order_id = $1 ORDER BY s.signed_at, s.side""",
        order_id,
    )
    if not rows:
        return None
    row, signatures = rows[0], [each for each in rows if each["side"] is not None]
    return msgspec.convert(
        {
            "order_id": row["order_id"],
            "document": row["record"],
            "sha256": row["record_sha256"],
            "split": row["split"],
            "drafted_at": row["drafted_at"],
            "signatures": tuple(_signature(signed) for signed in signatures),
        },
        Contract,
    )


def _signature(row: Row) -> ContractSignature:
    return ContractSignature(
        side=Side(row["side"]),
        party_id=row["party_id"],
        signature=Signature(key_id=row["key_id"], value=row["value"], algorithm=row["algorithm"]),
        signed_at=row["signed_at"],
    )
