"""Products in the database: own ones, public ones, imported ones."""

from __future__ import annotations

import datetime as dt
import gzip
import pathlib
import zlib

import asyncpg
import msgspec
import pytest

from catalog.files import operations as files
from catalog.files.model import Arrived, StoredFile
from catalog.files.queries import FileMissing
from catalog.kernel.actor import PUBLIC, Actor, Clearance, NotPermitted, system
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import VersionStale
from catalog.kernel.ids import new_id
from catalog.products import imports
from catalog.products import queries as product_queries
from catalog.products.classification import ClassificationMissing
from catalog.products.metadata import ProductNotProcessed, SourceResourceMissing
from catalog.products.model import Origin, OriginPath, Product
from catalog.products.operations import describing, importing, publishing
from catalog.products.operations.describing import ProductIsListed
from catalog.products.operations.importing import ImportRecordDoubled
from catalog.products.queries import ProductMissing, ProductNotDescribed
from catalog.products.states import ProductEventNotAllowed, State
from market.cli import import_
from market.cli.import_ import import_file
from tests.makers_products import make_actor, make_description, make_source

SUPPLIER = make_actor("product:describe", "product:withdraw", "file:upload", "file:read")
STRANGER = make_actor("product:describe", "product:withdraw", "file:upload", "file:read")
OPERATOR = make_actor(clearance=Clearance.STAFF)
IMPORTER = system("import", "product:import")


async def describe(tx: Tx, now: dt.datetime, actor: Actor = SUPPLIER, **changes) -> Product:
    is_draft = changes.pop("is_draft", False)
    return await describing.describe(
        tx,
        actor=actor,
        now=now,
        supplier_name="示例数据科技有限公司",
        description=make_description(**changes),
        is_draft=is_draft,
    )


async def revise(tx: Tx, now: dt.datetime, product: Product, **changes) -> Product:
    values = {
        "actor": SUPPLIER,
        "now": now,
        "product_id": product.id,
        "expected_version": product.version,
        "supplier_name": product.supplier_name,
        "description": make_description(name="改名后的指数"),
    }
    return await describing.revise(tx, **(values | changes))


async def upload(tx: Tx, now: dt.datetime, actor: Actor = SUPPLIER) -> StoredFile:
    return await files.record(
        tx,
        actor=actor,
        now=now,
        arrived=Arrived("ab" * 32, 10),
        file_name="a.csv",
        media_type="text/csv",
    )


def record(number: int, **changes) -> imports.Prepared:
    values = {"id": f"r:{number}", "title": f"停车场 {number} 资讯", "source": "示例平台"}
    found = imports.read_line(1, msgspec.json.encode(values | changes))
    assert isinstance(found, imports.Prepared)
    return found


async def test_a_described_product_comes_back_whole(db: Database, now: dt.datetime) -> None:
    async with begin(db, SUPPLIER) as tx:
        made = await describe(tx, now)

    async with begin(db, SUPPLIER) as tx:
        got = await product_queries.get(tx, viewer=SUPPLIER, product_id=made.id)
        assert await product_queries.find(tx, product_id=made.id) == made
        page = await product_queries.list_own(tx, viewer=SUPPLIER, limit=1)
    # How complete it is, is computed for whoever may know.
    assert msgspec.structs.replace(got, completeness=None) == made
    assert page.items == [got]
    assert made.state is State.DESCRIBED


async def test_a_stranger_finds_no_product_that_is_not_public(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, SUPPLIER) as tx:
        made = await describe(tx, now)

    for viewer in (STRANGER, PUBLIC):
        async with begin(db, viewer) as tx:
            assert await tx.fetch_value("SELECT count(*) FROM catalog.products") == 0
            with pytest.raises(ProductMissing):
                await product_queries.get(tx, viewer=viewer, product_id=made.id)
    async with begin(db, STRANGER) as tx:
        with pytest.raises(ProductMissing):
            await revise(tx, now, made, actor=STRANGER)
        with pytest.raises(ProductMissing):
            await product_queries.get_for_registration(tx, viewer=STRANGER, product_id=made.id)


async def test_a_draft_may_be_unfinished_and_is_not_registered(tx: Tx, now: dt.datetime) -> None:
    with pytest.raises(ProductNotProcessed):
        await describe(tx, now, processing_statement="")

    draft = await describe(tx, now, processing_statement="", is_draft=True)
    assert draft.state is State.DRAFT
    with pytest.raises(ProductNotDescribed):
        await product_queries.get_for_registration(tx, viewer=SUPPLIER, product_id=draft.id)

    done = await revise(tx, now, draft)
    assert (done.state, done.version) == (State.DESCRIBED, 2)
    found, description = await product_queries.get_for_registration(
        tx, viewer=SUPPLIER, product_id=draft.id
    )
    assert found == done
    assert description.name == "改名后的指数"
    with pytest.raises(ProductEventNotAllowed):
        await revise(tx, now, done, is_draft=True)


async def test_a_stale_version_changes_nothing(tx: Tx, now: dt.datetime) -> None:
    made = await describe(tx, now)
    await revise(tx, now, made)

    with pytest.raises(VersionStale):
        await revise(tx, now, made)


async def test_a_source_that_is_no_entry_of_the_catalogue_is_refused(
    tx: Tx, now: dt.datetime
) -> None:
    resource = await describe(tx, now)
    changes = {
        "origin_path": OriginPath.SUPERMARKET_RESOURCE,
        "substantive_processing": "建模",
        "innovative_labour": "指数设计",
    }

    unknown = make_source(is_supermarket_resource=True, resource_id=new_id())
    with pytest.raises(SourceResourceMissing):
        await describe(tx, now, sources=(unknown,), **changes)

    known = make_source(is_supermarket_resource=True, resource_id=resource.id)
    assert (await describe(tx, now, sources=(known,), **changes)).version == 1


async def test_contents_are_added_as_versions_of_ones_own_files(tx: Tx, now: dt.datetime) -> None:
    made = await describe(tx, now)
    file = await upload(tx, now)
    foreign = await upload(tx, now, STRANGER)

    async def attach(file_id):
        return await describing.attach_content(
            tx, actor=SUPPLIER, now=now, product_id=made.id, file_id=file_id
        )

    first, second = await attach(file.id), await attach(file.id)

    assert (first.version, second.version) == (1, 2)
    found = await product_queries.get(tx, viewer=SUPPLIER, product_id=made.id)
    assert found.contents == (first, second)
    assert await product_queries.get_content(tx, product_id=made.id, version=1) == first
    with pytest.raises(FileMissing):
        await attach(foreign.id)
    with pytest.raises(ProductMissing):
        await product_queries.get_content(tx, product_id=made.id, version=3)


async def test_a_listed_product_is_public_redacted_and_not_revised(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, SUPPLIER) as tx:
        made = await describe(tx, now)
    async with begin(db, OPERATOR) as tx:
        shown = await publishing.set_visible(tx, now=now, product_id=made.id, is_public=True)

    async with begin(db, PUBLIC) as tx:
        found = await product_queries.get(tx, viewer=PUBLIC, product_id=made.id)
        assert found.description is not None
        assert found.description.sources[0].holder == ""
        assert await tx.fetch_value("SELECT count(*) FROM catalog.product_documents") == 1
    async with begin(db, SUPPLIER) as tx:
        with pytest.raises(ProductIsListed):
            await revise(tx, now, shown)
        with pytest.raises(ProductIsListed):
            await describing.withdraw(tx, actor=SUPPLIER, now=now, product_id=made.id, reason="x")

    async with begin(db, OPERATOR) as tx:
        await publishing.set_visible(tx, now=now, product_id=made.id, is_public=False)
    async with begin(db, PUBLIC) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM catalog.product_documents") == 0
        with pytest.raises(ProductMissing):
            await product_queries.get(tx, viewer=PUBLIC, product_id=made.id)


async def test_what_is_unclassified_unfinished_or_unknown_is_not_shown(
    tx: Tx, now: dt.datetime
) -> None:
    unclassified = await describe(tx, now, classification=None)
    draft = await describe(tx, now, is_draft=True)

    for product_id, refusal in (
        (unclassified.id, ClassificationMissing),
        (draft.id, ProductNotDescribed),
        (new_id(), ProductMissing),
    ):
        with pytest.raises(refusal):
            await publishing.set_visible(tx, now=now, product_id=product_id, is_public=True)


async def test_a_withdrawn_product_takes_no_content(tx: Tx, now: dt.datetime) -> None:
    made = await describe(tx, now)
    file = await upload(tx, now)

    gone = await describing.withdraw(tx, actor=SUPPLIER, now=now, product_id=made.id, reason="停产")

    assert gone.state is State.WITHDRAWN
    with pytest.raises(ProductNotDescribed):
        await describing.attach_content(
            tx, actor=SUPPLIER, now=now, product_id=made.id, file_id=file.id
        )
    with pytest.raises(ProductEventNotAllowed):
        await revise(tx, now, gone)


async def test_another_party_can_not_write_a_public_product_in_the_database(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, SUPPLIER) as tx:
        made = await describe(tx, now)
    async with begin(db, OPERATOR) as tx:
        await publishing.set_visible(tx, now=now, product_id=made.id, is_public=True)

    async with begin(db, STRANGER) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM catalog.products") == 1
        assert await tx.execute("UPDATE catalog.products SET name = 'x'") == 0


async def test_contents_are_never_changed(db: Database, owner_dsn: str, now: dt.datetime) -> None:
    async with begin(db, SUPPLIER) as tx:
        made, file = await describe(tx, now), await upload(tx, now)
        await describing.attach_content(
            tx, actor=SUPPLIER, now=now, product_id=made.id, file_id=file.id
        )

    owning = await asyncpg.connect(owner_dsn)
    try:
        for statement in (
            "UPDATE catalog.product_contents SET version = 9",
            "DELETE FROM catalog.product_contents",
            "TRUNCATE catalog.product_contents",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await owning.execute(statement)
    finally:
        await owning.close()


async def test_a_second_import_changes_only_what_changed(tx: Tx, now: dt.datetime) -> None:
    batch = [record(1), record(2, format="api", region="海南"), record(3)]
    again = [record(1), record(2, format="api", region="海南", title="新名"), record(4)]

    async def take(records):
        return await importing.import_batch(tx, actor=IMPORTER, now=now, batch=records)

    assert await take(batch) == imports.Result(imported=3, updated=0, unchanged=0)
    assert await take(batch) == imports.Result(imported=0, updated=0, unchanged=3)
    assert await take(again) == imports.Result(imported=1, updated=1, unchanged=1)
    row = await tx.fetch_one("SELECT * FROM catalog.products WHERE source_id = 'r:2'")
    assert row is not None
    assert (row["name"], row["version"], row["form"]) == ("新名", 2, "data_api")
    found = await product_queries.get(tx, viewer=PUBLIC, product_id=row["id"])
    assert found.origin is Origin.IMPORTED
    assert found.imported is not None
    assert found.imported.region == "海南"


async def test_an_import_is_one_batch_one_entry_and_no_doubles(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, IMPORTER) as tx:
        await importing.import_batch(tx, actor=IMPORTER, now=now, batch=[record(1)])
        assert tx.remembered == 1
        with pytest.raises(ImportRecordDoubled):
            await importing.import_batch(tx, actor=IMPORTER, now=now, batch=[record(1), record(1)])
    with pytest.raises(NotPermitted):
        await run(
            db,
            SUPPLIER,
            lambda tx: importing.import_batch(tx, actor=SUPPLIER, now=now, batch=[record(1)]),
        )


async def test_an_archive_that_is_cut_off_or_damaged_leaves_nothing_behind(
    db: Database, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_, "BATCH_SIZE", 10)
    lines = [
        b'{"id":"%d","title":"%s","source":"s"}' % (n, new_id().bytes.hex().encode())
        for n in range(200)
    ]
    whole = gzip.compress(b"\n".join(lines))
    file = tmp_path / "records.jsonl.gz"

    for damaged in (whole[:-40], whole[:-200] + b"\xff" * 192 + whole[-8:]):
        file.write_bytes(damaged)
        with pytest.raises((OSError, EOFError, zlib.error)):
            await import_file(db, file, quiet=True)
        async with begin(db, system("test")) as tx:
            assert await tx.fetch_value("SELECT count(*) FROM catalog.products") == 0


@pytest.mark.parametrize("packed", [False, True])
async def test_a_file_is_imported_line_by_line_and_nothing_is_dropped(
    db: Database, tmp_path: pathlib.Path, packed: bool
) -> None:
    lines = [
        b'{"id":"1","title":"\xe5\x81\x9c\xe8\xbd\xa6\xe5\x9c\xba","source":"s"}',
        b"{broken",
        b"",
        b'{"id":"1","title":"again","source":"s"}',
        b'{"id":"1","title":"elsewhere","source":"t"}',
        b'{"id":"2","title":"","source":"s"}',
        b'{"id":"3","title":"long","source":"s","description":"' + b"x" * 600_000 + b'"}',
        b'{"id":"4","title":"last","source":"s"}',
    ]
    file = tmp_path / "catalogue.jsonl"
    content = b"\n".join(lines)
    file.write_bytes(gzip.compress(content) if packed else content)

    first = await import_file(db, file, quiet=True)
    second = await import_file(db, file, quiet=True)

    assert (first.read, first.imported, first.unchanged) == (7, 3, 0)
    assert (second.read, second.imported, second.unchanged) == (7, 0, 3)
    assert [(r.line, r.reason) for r in first.rejected] == [
        (2, "json_malformed"),
        (4, "record_doubled"),
        (6, "title_missing"),
        (7, "line_too_long"),
    ]
