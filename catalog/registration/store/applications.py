"""Keep applications: their numbers, their rows, and which others resemble one (HN-07)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import Tx, beyond_own_rows, select_all
from catalog.registration.model import Application, ApplicationId, Conflict
from catalog.registration.states import FINAL, State
from catalog.registration.store.rows import INSTANT, must, struct_of, table, take_turns, values_of

APPLICATION_SERIALS: Final = table(
    "application_serials",
    sa.Column("year", sa.Integer, primary_key=True),
    must("last_serial", sa.Integer),
)

APPLICATIONS: Final = table(
    "applications",
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("application_number", sa.Text),
    must("product_id", sa.Uuid),
    must("applicant_party_id", sa.Uuid),
    sa.Column("agent_party_id", sa.Uuid),
    sa.Column("filed_by", sa.Uuid),
    sa.Column("operator_party_id", sa.Uuid),
    must("rulebook", sa.Text),
    must("state", sa.Text),
    must("form", postgresql.JSONB),
    must("version", sa.Integer),
    must("submission_no", sa.Integer),
    sa.Column("dossier_sha256", sa.Text),
    sa.Column("acceptor_account_id", sa.Uuid),
    sa.Column("technical_reviewer_account_id", sa.Uuid),
    sa.Column("agency_party_id", sa.Uuid),
    sa.Column("agency_contract_id", sa.Uuid),
    must("technical_round", sa.Integer),
    must("compliance_round", sa.Integer),
    must("open_objections", sa.Integer),
    must("created_at", INSTANT),
    sa.Column("submitted_at", INSTANT),
    sa.Column("accepted_at", INSTANT),
    must("updated_at", INSTANT),
    sa.Column("filed_on", sa.Date),
    must("must_change", postgresql.JSONB),
    must("owner_party_ids", postgresql.ARRAY(sa.Uuid)),
)

_SELECT_APPLICATIONS: Final = select_all(APPLICATIONS)


async def next_serial(tx: Tx, year: int) -> int:
    """Return the next serial of ``year``; the row is held, so none is skipped or doubled."""
    serial: int = await tx.fetch_value(
        """
        INSERT INTO catalog.application_serials (year, last_serial) VALUES ($1, 1)
        ON CONFLICT (year) DO UPDATE SET last_serial = application_serials.last_serial + 1
        RETURNING last_serial""",
        year,
    )
    return serial


async def insert(tx: Tx, application: Application) -> bool:
    """Insert a draft; tell False if another application for the product is under way."""
    await take_turns(tx, "application of product", application.product_id)
    async with beyond_own_rows(tx):
        taken = await tx.fetch_value(
            "SELECT 1 FROM catalog.applications WHERE product_id = $1 AND state <> ALL($2::text[])",
            application.product_id,
            sorted(state.value for state in FINAL),
        )
    if taken:
        return False
    await tx.insert(APPLICATIONS, **_columns(application))
    return True


async def update(tx: Tx, application: Application) -> None:
    """Write back ``application``, which the caller holds locked."""
    values = _columns(application)
    names = [name for name in values if name not in _UNCHANGING]
    sets = ", ".join(f"{name} = ${i + 2}" for i, name in enumerate(names))
    touched = await tx.execute(
        f"UPDATE catalog.applications SET {sets} WHERE id = $1",  # noqa: S608 - our own columns
        application.id,
        *(values[name] for name in names),
    )
    assert touched == 1, "a locked application can not vanish"


_UNCHANGING: Final = frozenset({"id", "product_id", "applicant_party_id", "filed_by", "created_at"})


def _columns(application: Application) -> dict[str, Any]:
    # Who is named as an owner or right holder sees the application: the second wall reads a column.
    owners = {each.party_id for each in application.form.owners}
    named = owners | {each.party_id for each in application.form.rights}
    return values_of(application) | {"owner_party_ids": sorted(named)}


async def lock(tx: Tx, application_id: uuid.UUID) -> Application | None:
    """Lock and return an application that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_APPLICATIONS} WHERE id = $1 FOR UPDATE", application_id)
    return None if row is None else struct_of(row, Application)


async def lock_if_free(tx: Tx, application_id: uuid.UUID) -> Application | None:
    """Lock and return an application, or None if someone holds it just now."""
    row = await tx.fetch_one(
        f"{_SELECT_APPLICATIONS} WHERE id = $1 FOR UPDATE SKIP LOCKED", application_id
    )
    return None if row is None else struct_of(row, Application)


async def find(tx: Tx, application_id: uuid.UUID) -> Application | None:
    """Return an application that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_APPLICATIONS} WHERE id = $1", application_id)
    return None if row is None else struct_of(row, Application)


async def list_page(
    tx: Tx,
    *,
    state: State | None,
    product_id: uuid.UUID | None,
    number: str | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[Application]:
    """Return applications that the actor may see, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_SELECT_APPLICATIONS}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR product_id = $2)
           AND ($3::uuid IS NULL OR id < $3)
           AND ($5::text IS NULL OR application_number = $5)
         ORDER BY id DESC LIMIT $4""",
        None if state is None else state.value,
        product_id,
        before,
        limit,
        number,
    )
    return [struct_of(row, Application) for row in rows]


async def list_numbers(tx: Tx, ids: Sequence[uuid.UUID]) -> list[str]:
    """Return the numbers under which applications go."""
    rows = await tx.fetch(
        "SELECT application_number FROM catalog.applications WHERE id = ANY($1::uuid[])", list(ids)
    )
    return [row["application_number"] for row in rows if row["application_number"] is not None]


async def find_conflicts(
    tx: Tx,
    *,
    application: Application,
    product_name: str,
    content_sha256: str | None,
    sources: Any,
    rights: Sequence[str] | None = None,
) -> list[Conflict]:
    """Return other submitted applications that resemble this one, whoever filed them (HN-07).

    They have its name and an owner in common, or its content, or exactly its sources. What was
    certified is among them: an issued application keeps its last submission. Where ``rights`` stand by
    themselves only those under the same rulebook count that want one of them too.
    """
    async with beyond_own_rows(tx):
        rows = await tx.fetch(
            """
            SELECT a.id, a.application_number, a.state,
                   CASE WHEN s.dossier->'product:content_sha256' = to_jsonb($4::text)
                        THEN 'same_content'
                        WHEN s.dossier->'product:name' = to_jsonb($2::text)
                             AND EXISTS (SELECT 1 FROM jsonb_array_elements(a.form->'owners') o
                                          WHERE o->>'party_id' = ANY($3::text[]))
                        THEN 'same_name_and_owner'
                        ELSE 'same_sources' END AS reason
              FROM catalog.applications a
              JOIN catalog.application_submissions s
                ON s.application_id = a.id AND s.submission_no = a.submission_no
             WHERE a.id <> $1 AND a.state NOT IN ('withdrawn', 'unfiled')
               AND ($6::text[] IS NULL
                    OR (a.rulebook = $7
                        AND EXISTS (SELECT 1 FROM jsonb_array_elements(a.form->'rights') r
                                     WHERE r->>'right' = ANY($6))))
               AND ((s.dossier->'product:name' = to_jsonb($2::text)
                     AND EXISTS (SELECT 1 FROM jsonb_array_elements(a.form->'owners') o
                                  WHERE o->>'party_id' = ANY($3::text[])))
                    OR s.dossier->'product:content_sha256' = to_jsonb($4::text)
                    OR (s.dossier->'product:sources' = $5::jsonb
                        AND jsonb_array_length($5::jsonb) > 0))
             ORDER BY a.id LIMIT 50""",
            application.id,
            product_name,
            [str(owner.party_id) for owner in application.form.owners],
            content_sha256,
            sources,
            None if rights is None else list(rights),
            application.rulebook,
        )
    return [
        Conflict(
            application_id=ApplicationId(row["id"]),
            application_number=row["application_number"],
            reason=row["reason"],
            state=row["state"],
        )
        for row in rows
    ]


async def list_waiting(
    tx: Tx, *, rulebooks: Sequence[str], submitted_before: dt.datetime, limit: int
) -> list[uuid.UUID]:
    """Return applications under some rulebooks that wait for acceptance, the oldest first."""
    rows = await tx.fetch(
        """
        SELECT id FROM catalog.applications
         WHERE state = 'submitted' AND rulebook = ANY($1::text[]) AND submitted_at < $2
         ORDER BY submitted_at, id LIMIT $3""",
        list(rulebooks),
        submitted_before,
        limit,
    )
    return [row["id"] for row in rows]
