"""Tables and statements of the spot checks (双随机抽查)."""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Tx, select_all
from catalog.kernel.local_time import end_of_day, start_of_day
from market.spot_checks.model import Finding, PopulationFilter, SpotCheck

SPOT_CHECKS: Final = sa.Table(
    "spot_checks",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("authority_party_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("commitment", postgresql.JSONB, nullable=False),
    sa.Column("commitment_sha256", sa.Text, nullable=False),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    sa.Column("population", postgresql.JSONB, nullable=False),
    sa.Column("planned_by", sa.Uuid),
    sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("checkpoint_size", sa.BigInteger),
    sa.Column("seed", sa.Text),
    sa.Column("cases", postgresql.JSONB, nullable=False),
    sa.Column("inspectors", postgresql.JSONB, nullable=False),
    sa.Column("recusals", postgresql.JSONB, nullable=False),
    sa.Column("drawn_at", sa.DateTime(timezone=True)),
    sa.Column("concluded_at", sa.DateTime(timezone=True)),
    sa.Column("summary", sa.Text),
    sa.Column("published_at", sa.DateTime(timezone=True)),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("concluded_entry_id", sa.Uuid),
    schema="market",
)

FINDINGS: Final = sa.Table(
    "spot_check_findings",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("spot_check_id", sa.Uuid, nullable=False),
    sa.Column("application_id", sa.Uuid, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("conforms", sa.Boolean, nullable=False),
    sa.Column("fact", sa.Text, nullable=False),
    sa.Column("evidence_file_id", sa.Uuid),
    sa.Column("inspector", sa.Uuid),
    sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("rectified_at", sa.DateTime(timezone=True)),
    sa.Column("rectification", sa.Text),
    sa.Column("rectification_sha256", sa.Text),
    schema="market",
)

_JSON: Final = frozenset({"commitment", "population", "cases", "inspectors", "recusals"})
_CHANGING: Final = (
    "state",
    "checkpoint_size",
    "seed",
    "cases",
    "inspectors",
    "recusals",
    "drawn_at",
    "concluded_at",
    "summary",
    "published_at",
    "closed_at",
    "concluded_entry_id",
)


_SELECT: Final = select_all(SPOT_CHECKS)
_SELECT_FINDINGS: Final = select_all(FINDINGS)


async def list_population(tx: Tx, wanted: PopulationFilter, *, limit: int) -> list[uuid.UUID]:
    """Return the applications that a plan means, in id order."""
    rows = await tx.fetch(
        """
        SELECT a.id FROM catalog.applications a JOIN catalog.products p ON p.id = a.product_id
         WHERE a.submitted_at >= $1 AND a.submitted_at < $2
           AND (cardinality($3::text[]) = 0 OR a.state = ANY($3))
           AND (cardinality($4::text[]) = 0 OR p.form = ANY($4))
           AND ($5::uuid IS NULL OR a.operator_party_id = $5)
           AND ($6::uuid IS NULL OR a.agency_party_id = $6)
           AND (cardinality($7::text[]) = 0 OR EXISTS (
                   SELECT 1 FROM catalog.certificates c
                    WHERE c.application_id = a.id AND c.state = ANY($7)))
         ORDER BY a.id LIMIT $8""",
        start_of_day(wanted.submitted_from),
        end_of_day(wanted.submitted_through),
        [state.value for state in wanted.states],
        [form.value for form in wanted.forms],
        wanted.operator_party_id,
        wanted.agency_party_id,
        [state.value for state in wanted.certificate_states],
        limit,
    )
    return [row["id"] for row in rows]


async def insert(tx: Tx, check: SpotCheck) -> None:
    """Insert a spot check."""
    await tx.insert(SPOT_CHECKS, **_values(check))


async def update(tx: Tx, check: SpotCheck) -> None:
    """Write back what may change of a spot check, which the caller holds locked."""
    values = _values(check)
    sets = ", ".join(f"{name} = ${i + 2}" for i, name in enumerate(_CHANGING))
    touched = await tx.execute(
        f"UPDATE market.spot_checks SET {sets} WHERE id = $1",  # noqa: S608 - our own columns
        check.id,
        *(values[name] for name in _CHANGING),
    )
    assert touched == 1, "a locked spot check can not vanish"


async def lock(tx: Tx, spot_check_id: uuid.UUID) -> SpotCheck | None:
    """Lock and return a spot check that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", spot_check_id)
    return None if row is None else msgspec.convert(dict(row), SpotCheck)


async def find(tx: Tx, spot_check_id: uuid.UUID) -> SpotCheck | None:
    """Return a spot check that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", spot_check_id)
    return None if row is None else msgspec.convert(dict(row), SpotCheck)


async def find_of_finding(tx: Tx, finding_id: uuid.UUID) -> SpotCheck | None:
    """Return the spot check of a finding that the actor may see, or None."""
    row = await tx.fetch_one(
        f"""{_SELECT}
         WHERE id = (SELECT spot_check_id FROM market.spot_check_findings WHERE id = $1)""",  # noqa: S608 - our own columns
        finding_id,
    )
    return None if row is None else msgspec.convert(dict(row), SpotCheck)


async def list_page(
    tx: Tx, *, published_only: bool, before: uuid.UUID | None, limit: int
) -> list[SpotCheck]:
    """Return spot checks, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1 = false OR published_at IS NOT NULL) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        published_only,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), SpotCheck) for row in rows]


async def insert_finding(tx: Tx, finding: Finding) -> bool:
    """Insert a finding; tell False if the item of the case was answered before."""
    known = await tx.fetch_value(
        """
        SELECT 1 FROM market.spot_check_findings
         WHERE spot_check_id = $1 AND application_id = $2 AND item = $3""",
        finding.spot_check_id,
        finding.application_id,
        finding.item,
    )
    if known is not None:
        return False
    await tx.insert(FINDINGS, **msgspec.structs.asdict(finding))
    return True


async def update_finding(tx: Tx, finding: Finding) -> None:
    """Write that a finding was put right."""
    await tx.execute(
        """
        UPDATE market.spot_check_findings
           SET rectified_at = $2, rectification = $3, rectification_sha256 = $4
         WHERE id = $1""",
        finding.id,
        finding.rectified_at,
        finding.rectification,
        finding.rectification_sha256,
    )


async def list_findings(tx: Tx, spot_check_id: uuid.UUID) -> list[Finding]:
    """Return the findings of a spot check in the order in which they were made."""
    rows = await tx.fetch(f"{_SELECT_FINDINGS} WHERE spot_check_id = $1 ORDER BY id", spot_check_id)
    return [msgspec.convert(dict(row), Finding) for row in rows]


def _values(check: SpotCheck) -> dict[str, Any]:
    values = msgspec.structs.asdict(check)
    return {
        name: msgspec.to_builtins(value) if name in _JSON else getattr(value, "value", value)
        for name, value in values.items()
    }
