"""What the database itself says of applications, opinions, notices, certificates and objections."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.certificates import number
from catalog.certificates import queries as certificates
from catalog.certificates.format import Verdict, document_bytes
from catalog.certificates.model import Certificate
from catalog.certificates.states import State as CertificateState
from catalog.certificates.store import register, serials
from catalog.certificates.store.register import CERTIFICATES
from catalog.kernel.actor import Actor, Clearance, system
from catalog.kernel.db import Database, Tx, begin, beyond_own_rows
from catalog.kernel.ids import PartyId, new_id
from catalog.notices.states import State as NoticeState
from catalog.objections.states import State as ObjectionState
from catalog.registration.states import FINAL
from catalog.registration.states import State as ApplicationState
from catalog.registration.store.applications import APPLICATIONS, next_serial
from catalog.registration.store.filed import MATERIALS
from catalog.signing import store as keys
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from tests.pure.test_certificates_format import SIGNER, make_document

NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
ROOT = system("test")


def viewer(party: uuid.UUID, clearance: Clearance = Clearance.PARTY) -> Actor:
    return Actor(
        account_id=None,
        party_id=PartyId(party),
        name="viewer",
        roles=frozenset(),
        permissions=frozenset({"application:read"}),
        clearance=clearance,
    )


async def make_product(tx: Tx) -> uuid.UUID:
    product_id = new_id()
    await tx.execute(
        """
        INSERT INTO catalog.products (id, origin, state, supplier_name, name, imported, source,
            source_id, record_sha256, is_public, version, created_at, updated_at)
        VALUES ($1, 'imported', 'described', '某公司', '某产品', '{}', 's', $2, 'x', false, 1, $3, $3)""",
        product_id,
        str(product_id),
        NOW,
    )
    return product_id


async def make_application(tx: Tx, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": new_id(),
        "product_id": changes.pop("product_id", None) or await make_product(tx),
        "applicant_party_id": new_id(),
        "rulebook": "hn-2023-interim",
        "state": "draft",
        "form": {},
        "version": 1,
        "submission_no": 0,
        "must_change": [],
        "technical_round": 1,
        "compliance_round": 1,
        "open_objections": 0,
        "created_at": NOW,
        "updated_at": NOW,
    } | changes
    await tx.insert(APPLICATIONS, **values)
    return values


async def make_certificate(tx: Tx, serial: int = 1, **changes: Any) -> Certificate:
    application = await make_application(tx, state="issued", **_submitted(serial))
    made = number.make(2026, serial)
    document = document_bytes(make_document(registration_number=made))
    signature = SIGNER.seal(document)
    if await keys.find(tx, SIGNER.key_id) is None:
        await keys.insert(tx, PublicKey(SIGNER.key_id, Purpose.CERTIFICATE, SIGNER.public_key, NOW))
    certificate = Certificate(
        **(
            {
                "number": made,
                "application_id": application["id"],
                "product_id": application["product_id"],
                "product_name": "某产品",
                "registrant_party_id": PartyId(application["applicant_party_id"]),
                "version": 1,
                "document": document,
                "record_sha256": hashlib.sha256(document).hexdigest(),
                "key_id": SIGNER.key_id,
                "signature": signature.value,
                "issued_at": NOW,
                "issued_by": None,
                "entry_id": new_id(),
                "state": CertificateState.ACTIVE,
                "state_since": NOW,
                "open_objections": 0,
            }
            | changes
        )
    )
    await register.insert(tx, certificate)
    return certificate


def _submitted(serial: int) -> dict[str, Any]:
    return {
        "submission_no": 1,
        "application_number": f"SQ-2026-{serial:06d}",
        "submitted_at": NOW,
        "filed_on": NOW.date(),
        "dossier_sha256": "ab" * 32,
    }


# ── constraints ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "sleeping"}, "applications_state_known"),
        ({"open_objections": -1}, "open_objections_not_negative"),
        ({"submission_no": 1}, "submitted_application_has_a_number"),
        ({"agency_party_id": new_id()}, "agency_works_under_a_contract"),
    ],
)
async def test_an_application_that_can_not_be_is_not_stored(
    db: Database, changes: dict[str, Any], constraint: str
) -> None:
    async with begin(db, ROOT) as tx:
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            async with tx.savepoint():
                await make_application(tx, **changes)

    assert refused.value.constraint_name == constraint


async def test_whoever_accepted_is_not_the_reviewer(db: Database) -> None:
    account = new_id()
    async with begin(db, ROOT) as tx:
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            async with tx.savepoint():
                await make_application(
                    tx, acceptor_account_id=account, technical_reviewer_account_id=account
                )

    assert refused.value.constraint_name == "reviewer_is_not_the_acceptor"


async def test_a_product_has_one_application_under_way(db: Database) -> None:
    async with begin(db, ROOT) as tx:
        first = await make_application(tx, state="withdrawn")
        await make_application(tx, product_id=first["product_id"])
        with pytest.raises(asyncpg.UniqueViolationError) as refused:
            async with tx.savepoint():
                await make_application(tx, product_id=first["product_id"])

    assert refused.value.constraint_name == "one_application_under_way_per_product"


@pytest.mark.parametrize(
    ("table", "states"),
    [
        ("applications", ApplicationState),
        ("notices", NoticeState),
        ("certificates", CertificateState),
        ("objections", ObjectionState),
    ],
)
async def test_the_states_are_those_of_the_database(
    tx: Tx, table: str, states: type[ApplicationState]
) -> None:
    definition = await tx.fetch_value(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1",
        f"{table}_state_known",
    )

    assert set(definition.split("'")[1::2]) == {state.value for state in states}


async def test_the_index_knows_which_states_are_final(tx: Tx) -> None:
    definition = await tx.fetch_value(
        "SELECT indexdef FROM pg_indexes WHERE indexname = 'one_application_under_way_per_product'"
    )

    assert set(definition.split("'")[1::2]) == {state.value for state in FINAL}


async def test_a_material_is_a_file_or_a_reason_and_never_changed(db: Database) -> None:
    async with begin(db, ROOT) as tx:
        application = await make_application(tx)
        material = {
            "id": new_id(),
            "application_id": application["id"],
            "kind": "source_proof",
            "version": 1,
            "handed_in_at": NOW,
        }
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            async with tx.savepoint():
                await tx.insert(MATERIALS, **material)
        assert refused.value.constraint_name == "material_is_a_file_or_a_reason"
        await tx.insert(MATERIALS, **material, not_applicable_reason="自有")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tx.savepoint():
                await tx.execute("UPDATE catalog.application_materials SET version = 2")


async def test_a_certificate_is_never_altered_even_by_the_owner_of_the_table(
    db: Database, owner_dsn: str
) -> None:
    async with begin(db, ROOT) as tx:
        await make_certificate(tx)
    owner = await asyncpg.connect(owner_dsn)
    try:
        for statement in (
            "UPDATE catalog.certificates SET product_name = '别的'",
            "DELETE FROM catalog.certificates",
            "TRUNCATE catalog.certificates CASCADE",
            "UPDATE catalog.certificate_changes SET reason = ''",
        ):
            with pytest.raises(asyncpg.PostgresError) as refused:
                await owner.execute(statement)
            assert refused.value.sqlstate == "23001"
    finally:
        await owner.close()


async def test_even_the_owner_of_the_tables_changes_no_register_row_that_nothing_was_said_of(
    db: Database, owner_dsn: str
) -> None:
    async with begin(db, ROOT) as tx:
        await make_certificate(tx)
    owner = await asyncpg.connect(owner_dsn)
    guarded = """
        SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE t.tgname = 'direct_edit_forbidden' AND t.tgenabled = 'O' ORDER BY 1"""
    try:
        tables = [row["relname"] for row in await owner.fetch(guarded)]
        for statement in (
            "UPDATE catalog.certificates SET state = 'frozen'",
            "UPDATE catalog.applications SET open_objections = open_objections + 1",
        ):
            with pytest.raises(asyncpg.PostgresError) as refused:
                await owner.execute(statement)
            assert refused.value.sqlstate == "23001"
            assert refused.value.constraint_name == "direct_edit_forbidden"
    finally:
        await owner.close()

    assert tables == [
        "affiliation_ties",
        "agreements",
        "allowed_revenues",
        "anonymisations",
        "anonymised_versions",
        "applications",
        "approval_chains",
        "approvals",
        "auction_awards",
        "auction_bidders",
        "auction_bids",
        "auction_sealed_bids",
        "auctions",
        "authoritative_sources",
        "award_objections",
        "case_assignments",
        "certificates",
        "changes",
        "chief_data_officers",
        "collections",
        "complaints",
        "consent_grounds",
        "consents",
        "credit_records",
        "cut_offs",
        "data_demand_answers",
        "data_demands",
        "demand_posts",
        "fee_schedules",
        "invoices",
        "key_destructions",
        "legal_instruments",
        "negotiations",
        "notices",
        "objections",
        "open_plan_items",
        "open_plans",
        "openings",
        "payout_holds",
        "quality_issues",
        "quote_requests",
        "reclassifications",
        "related_dealings",
        "revenue_agreements",
        "special_prices",
        "synonym_groups",
        "zone_products",
        "zones",
    ]


async def test_the_service_removes_nothing_of_the_register_and_a_silent_change_is_undone(
    db: Database,
) -> None:
    async with begin(db, ROOT) as tx:
        number = (await make_certificate(tx)).number

    with pytest.raises(asyncpg.PostgresError) as refused:
        async with begin(db, ROOT) as tx:
            await tx.execute("UPDATE catalog.certificates SET state = 'frozen'")
    for table in (
        "applications",
        "application_materials",
        "application_submissions",
        "certificates",
        "certificate_changes",
        "changes",
        "change_papers",
        "files",
        "legal_instruments",
        "notices",
        "objection_archives",
        "objections",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with begin(db, ROOT) as tx:
                await tx.execute(f"DELETE FROM catalog.{table}")

    async with begin(db, ROOT) as tx:
        kept = await certificates.find(tx, number)
    assert refused.value.constraint_name == "direct_edit_forbidden"
    assert kept is not None
    assert kept.state is CertificateState.ACTIVE


async def test_the_service_may_touch_nothing_but_the_state_of_a_certificate(db: Database) -> None:
    async with begin(db, ROOT) as tx:
        await make_certificate(tx)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tx.savepoint():
                await tx.execute("UPDATE catalog.certificates SET document = 'x'")


async def test_a_certificate_has_the_digest_of_its_own_bytes(db: Database) -> None:
    async with begin(db, ROOT) as tx:
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            async with tx.savepoint():
                await make_certificate(tx, record_sha256="ab" * 32)

    assert refused.value.constraint_name == "certificate_sha256_fits"


async def test_an_application_is_certified_once(db: Database) -> None:
    async with begin(db, ROOT) as tx:
        first = await make_certificate(tx)
        values = {name: getattr(first, name) for name in first.__struct_fields__}
        with pytest.raises(asyncpg.UniqueViolationError):
            async with tx.savepoint():
                await tx.insert(
                    CERTIFICATES, **{**values, "number": number.make(2026, 9), "state": "revoked"}
                )


# ── who sees what ───────────────────────────────────────────────────────────────────────────


def acting_on(application: dict[str, Any], product_id: uuid.UUID) -> Actor:
    """Return an agent of the applicant whose letters are for one product."""
    return msgspec.structs.replace(
        viewer(PartyId(new_id())),
        acting_for=application["applicant_party_id"],
        acting_on=frozenset({product_id}),
    )


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (lambda a: viewer(a["applicant_party_id"]), (1, 1)),
        (lambda a: viewer(a["owner_party_ids"][0]), (1, 1)),
        (lambda a: viewer(a["agent_party_id"]), (0, 0)),  # it acts as its principal
        (lambda a: acting_on(a, a["product_id"]), (1, 1)),
        (lambda a: acting_on(a, new_id()), (0, 0)),
        (lambda _: viewer(new_id()), (0, 0)),
        # Listed to the staff, opened by whoever takes it; all of it for the authority that delegates.
        (lambda _: viewer(new_id(), Clearance.STAFF), (1, 0)),
        (lambda _: viewer(new_id(), Clearance.REGULATOR), (1, 0)),
        (lambda _: viewer(new_id(), Clearance.SYSTEM), (1, 1)),
        (lambda _: viewer(new_id(), Clearance.PUBLIC), (0, 0)),
    ],
)
async def test_an_application_and_its_materials_are_seen_by_their_parties(
    db: Database, who: Callable[[dict[str, Any]], Actor], sees: tuple[int, int]
) -> None:
    async with begin(db, ROOT) as tx:
        application = await make_application(
            tx,
            agent_party_id=new_id(),
            owner_party_ids=[new_id()],
            state="submitted",
            **_submitted(1),
        )
        await tx.insert(
            MATERIALS,
            id=new_id(),
            application_id=application["id"],
            kind="source_proof",
            version=1,
            not_applicable_reason="自有",
            handed_in_at=NOW,
        )

    async with begin(db, who(application)) as tx:
        seen = await tx.fetch_value("SELECT count(*) FROM catalog.applications")
        materials = await tx.fetch_value("SELECT count(*) FROM catalog.application_materials")

    assert (seen, materials) == sees


async def test_what_follows_from_an_act_may_go_beyond_ones_own_rows_and_ends_there(
    db: Database,
) -> None:
    async with begin(db, ROOT) as tx:
        await make_application(tx)

    async with begin(db, viewer(new_id())) as tx:
        async with beyond_own_rows(tx):
            inside = await tx.fetch_value("SELECT count(*) FROM catalog.applications")
        outside = await tx.fetch_value("SELECT count(*) FROM catalog.applications")

    assert (inside, outside) == (1, 0)


# ── numbers and checks ──────────────────────────────────────────────────────────────────────


async def test_serials_have_no_gap_and_begin_anew_each_year(db: Database) -> None:
    async with begin(db, ROOT) as tx:
        found = [await next_serial(tx, year) for year in (2026, 2026, 2027)]
        certified = [await serials.next_serial(tx, year) for year in (2026, 2026, 2027)]

    assert found == certified == [1, 2, 1]


async def test_the_register_tells_genuine_from_altered_and_unknown(db: Database) -> None:
    async with begin(db, ROOT) as tx:
        certificate = await make_certificate(tx)
        file = await certificates.get_file(tx, certificate.number)
        altered = certificate.document.replace("港口".encode(), "机场".encode())

        genuine = await certificates.verify_document(tx, certificate.document)
        as_file = await certificates.verify_document(tx, file)
        changed = await certificates.verify_document(tx, altered)
        strange = await certificates.verify_document(tx, b"nothing")

    assert (genuine.verdict, genuine.state) == (Verdict.GENUINE, CertificateState.ACTIVE)
    assert as_file.verdict is Verdict.GENUINE
    assert changed.verdict is Verdict.ALTERED
    assert strange.verdict is Verdict.UNKNOWN


async def test_the_register_is_walked_page_by_page(db: Database) -> None:
    async with begin(db, ROOT) as tx:
        numbers = [(await make_certificate(tx, serial)).number for serial in (1, 2, 3)]
        first = await certificates.list_public(tx, limit=2)
        rest = await certificates.list_public(tx, limit=2, cursor=first.next_cursor)

    assert [line.number for line in (*first.items, *rest.items)] == numbers[::-1]
    assert rest.next_cursor is None


async def test_a_frozen_certificate_does_not_let_a_product_be_sold(db: Database) -> None:
    async with begin(db, ROOT) as tx:
        certificate = await make_certificate(tx)
        active = await certificates.find_active_for_product(
            tx, certificate.product_id, today=NOW.date()
        )
        await tx.execute("SET LOCAL app.remembered = 'yes'")
        await tx.execute("UPDATE catalog.certificates SET state = 'frozen'")
        frozen = await certificates.find_active_for_product(
            tx, certificate.product_id, today=NOW.date()
        )
        every = await certificates.list_of_product(tx, certificate.product_id)

    assert active is not None
    assert active.number == certificate.number
    assert frozen is None
    assert len(every) == 1
