"""Bytes on the disk, rows in the database, and who reads what."""

from __future__ import annotations

import datetime as dt
import hashlib
import pathlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from catalog.files import disk
from catalog.files import operations as files
from catalog.files import queries as file_queries
from catalog.files.model import Arrived, StoredFile
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import new_id
from tests.makers_products import make_actor

CONTENT = b"hour,risk\n0,1\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


async def chunks(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def upload(db: Database, owner: Actor, now: dt.datetime) -> StoredFile:
    async with begin(db, owner) as tx:
        return await files.record(
            tx,
            actor=owner,
            now=now,
            arrived=Arrived(SHA256, len(CONTENT)),
            file_name="指数.csv",
            media_type="text/csv",
        )


async def test_the_same_bytes_are_stored_once(tmp_path: pathlib.Path) -> None:
    first = await disk.take_in(tmp_path, chunks(CONTENT), maximum_bytes=len(CONTENT))
    second = await disk.take_in(tmp_path, chunks(CONTENT, 7), maximum_bytes=len(CONTENT))

    assert first == second == Arrived(SHA256, len(CONTENT))
    stored = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert stored == [tmp_path / SHA256[:2] / SHA256]


async def test_what_a_crash_left_of_an_upload_is_removed_and_no_file_is(
    tmp_path: pathlib.Path,
) -> None:
    await disk.take_in(tmp_path, chunks(CONTENT), maximum_bytes=len(CONTENT))
    (tmp_path / "incoming" / "left.part").write_bytes(CONTENT[:10])

    assert disk.remove_unfinished(tmp_path) == 1

    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [tmp_path / SHA256[:2] / SHA256]
    assert disk.remove_unfinished(tmp_path / "nothing") == 0


async def test_a_file_that_is_too_large_or_empty_leaves_nothing(tmp_path: pathlib.Path) -> None:
    with pytest.raises(disk.FileTooLarge):
        await disk.take_in(tmp_path, chunks(CONTENT), maximum_bytes=len(CONTENT) - 1)
    with pytest.raises(disk.FileEmpty):
        await disk.take_in(tmp_path, chunks(b""), maximum_bytes=10)

    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


async def test_bytes_are_hashed_again_before_they_are_handed_out(tmp_path: pathlib.Path) -> None:
    await disk.take_in(tmp_path, chunks(CONTENT), maximum_bytes=len(CONTENT))

    opened = await disk.open_verified(tmp_path, SHA256, len(CONTENT))
    assert b"".join([c async for c in disk.chunks_of(opened)]) == CONTENT
    assert opened.closed


@pytest.mark.parametrize("alter", ["flip", "shorten", "remove"])
async def test_altered_bytes_are_refused_and_healed_by_a_new_upload(
    tmp_path: pathlib.Path, alter: str
) -> None:
    await disk.take_in(tmp_path, chunks(CONTENT), maximum_bytes=len(CONTENT))
    path = disk.path_of(tmp_path, SHA256)
    if alter == "flip":
        path.write_bytes(b"X" + CONTENT[1:])
    elif alter == "shorten":
        path.write_bytes(CONTENT[:-1])
    else:
        path.unlink()

    with pytest.raises(disk.FileContentAltered):
        await disk.open_verified(tmp_path, SHA256, len(CONTENT))

    await disk.take_in(tmp_path, chunks(CONTENT), maximum_bytes=len(CONTENT))
    (await disk.open_verified(tmp_path, SHA256, len(CONTENT))).close()


async def test_a_stranger_finds_no_file_even_in_the_database(
    db: Database, now: dt.datetime
) -> None:
    owner, stranger = make_actor("file:upload", "file:read"), make_actor("file:read")
    file = await upload(db, owner, now)

    async with begin(db, owner) as tx:
        assert await file_queries.get(tx, viewer=owner, file_id=file.id) == file
        assert await file_queries.get_own(tx, viewer=owner, file_id=file.id) == file
        assert await file_queries.list_by_ids(tx, file_ids=[file.id, new_id()]) == [file]
    async with begin(db, stranger) as tx:
        assert await tx.fetch_value("SELECT count(*) FROM catalog.files") == 0
        for attempt in (file_queries.get, file_queries.get_own):
            with pytest.raises(file_queries.FileMissing):
                await attempt(tx, viewer=stranger, file_id=file.id)


async def test_an_agency_reads_the_files_of_its_case_while_it_has_it(
    db: Database, now: dt.datetime
) -> None:
    owner, agency = make_actor("file:upload"), make_actor("file:read")
    staff = make_actor(clearance=Clearance.STAFF)
    file, case_id = await upload(db, owner, now), new_id()
    assert agency.party_id is not None

    async with begin(db, staff) as tx:
        await files.let_read(
            tx, file_ids=[file.id], party_id=agency.party_id, case_id=case_id, now=now
        )
    async with begin(db, agency) as tx:
        assert (await files.open_content(tx, actor=agency, now=now, file_id=file.id)) == file
        with pytest.raises(file_queries.FileMissing):
            await file_queries.get_own(tx, viewer=agency, file_id=file.id)
    async with begin(db, staff) as tx:
        ended = await files.end_reading(tx, party_id=agency.party_id, case_id=case_id, now=now)

    assert ended == 1
    async with begin(db, agency) as tx:
        with pytest.raises(file_queries.FileMissing):
            await file_queries.get(tx, viewer=agency, file_id=file.id)


async def test_a_case_that_comes_back_to_an_agency_is_readable_again(
    db: Database, now: dt.datetime
) -> None:
    owner, agency = make_actor("file:upload"), make_actor("file:read")
    file, case_id = await upload(db, owner, now), new_id()
    assert agency.party_id is not None

    async with begin(db, make_actor(clearance=Clearance.STAFF)) as tx:
        for _ in range(2):
            await files.let_read(
                tx, file_ids=[file.id], party_id=agency.party_id, case_id=case_id, now=now
            )
            await files.end_reading(tx, party_id=agency.party_id, case_id=case_id, now=now)
        await files.let_read(
            tx, file_ids=[file.id], party_id=agency.party_id, case_id=case_id, now=now
        )

    async with begin(db, agency) as tx:
        assert await file_queries.get(tx, viewer=agency, file_id=file.id) == file


async def test_an_agencys_reading_is_remembered_and_the_owners_is_not(
    db: Database, now: dt.datetime
) -> None:
    owner = make_actor("file:upload", "file:read")
    agency = make_actor("file:read")
    file = await upload(db, owner, now)
    async with begin(db, make_actor(clearance=Clearance.STAFF)) as tx:
        await files.let_read(
            tx, file_ids=[file.id], party_id=agency.party, case_id=new_id(), now=now
        )

    async def remembered(reader: Actor) -> int:
        async with begin(db, reader) as tx:
            await files.open_content(tx, actor=reader, now=now, file_id=file.id)
            return tx.remembered

    assert await remembered(owner) == 0
    assert await remembered(agency) == 1


@pytest.mark.parametrize("clearance", [Clearance.STAFF, Clearance.REGULATOR])
async def test_a_file_that_lies_in_no_case_is_nobodys_but_its_owners(
    db: Database, now: dt.datetime, clearance: Clearance
) -> None:
    file = await upload(db, make_actor("file:upload"), now)
    curious = make_actor("file:read", clearance=clearance)

    async with begin(db, curious) as tx:
        with pytest.raises(file_queries.FileMissing):
            await files.open_content(tx, actor=curious, now=now, file_id=file.id)


async def test_the_database_refuses_to_change_or_forge_a_file(
    db: Database, owner_dsn: str, now: dt.datetime
) -> None:
    owner, other = make_actor("file:upload"), make_actor("file:upload")
    file = await upload(db, owner, now)

    owning = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await owning.execute("UPDATE catalog.files SET file_name = 'x'")
        with pytest.raises(asyncpg.RestrictViolationError):
            await owning.execute("DELETE FROM catalog.files")
    finally:
        await owning.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(db, other) as tx:
            await tx.execute(
                """
                INSERT INTO catalog.files
                VALUES ($1, $2, 1, 'text/csv', 'x', NULL, $3, $4)""",
                new_id(),
                "cd" * 32,
                file.owner_party_id,
                now,
            )
