"""Stamp an export anew that an archive holds: without a database, a log or a service of ours (档案续期时间戳)."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Callable

import msgspec

from catalog.audit_log import export_format as form
from catalog.audit_log.checkpoint import VerifierKey, parse_checkpoint, parse_note
from catalog.audit_log.verdict import Findings
from catalog.kernel.errors import DomainError, Refused
from catalog.signing.canonical import canonical
from catalog.timestamps import chain, hashing, revocation, token
from catalog.timestamps import check as timestamps
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import AuthorityUnreachable, Kind, Left, Record
from catalog.witnessing.disk import put_file
from market.channels.timestamp_authorities import Authorities
from market.cli.log import Restamped
from market.supervision.check import check_export


class ExportNotGenuine(Refused):
    """Something is wrong with the export: a new timestamp would only say that it is older than today."""

    code = "export_not_genuine"


async def restamp(
    directory: pathlib.Path,
    source: form.Source,
    authorities: Authorities,
    *,
    key: VerifierKey | None,
    clock: Callable[[], dt.datetime],
    algorithm: HashAlgorithm,
    leaving: set[HashAlgorithm],
    within: dt.timedelta,
    anyway: bool = False,
) -> Restamped:
    """Stamp all that an export holds, if something of it ends soon; each authority is asked.

    1. The export is genuine, and its timestamps still hold: each is checked by the trusted authorities.
    2. What is due: what ends within the time, or rests on what is left, and is not carried on.
    3. Each authority stamps the roots over all records and all entries; what it answers is checked, and
       kept in a file beside those of the log, which binds nothing any more.

    :raises ExportNotGenuine: if something is wrong with it.
    :raises Unreadable: if it is no export.
    """
    now = clock()
    found = Findings.following(check_export(source, key))
    if not found.verdict().problems:
        timestamps.check(source, found, authorities.trust, left=Left(), now=now)
    problems = found.verdict().problems
    if problems:
        first = problems[0]
        raise ExportNotGenuine(kind=first.kind, id=str(first.id), reason=first.reason)
    until = now + within
    links = timestamps.links_of(source, Findings(), authorities.trust)
    left = Left(dict.fromkeys(leaving, until))
    due = [each.link.number for each in chain.broken(links, left, until)]
    done = Restamped(due=due, numbers=[], failed=[])
    if not due and not anyway:
        return done
    for authority in authorities.authorities:
        try:
            record = await _stamped(source, authorities, authority.name, algorithm)
        except (AuthorityUnreachable, DomainError) as error:
            done.failed.append(f"{authority.name}: {error}")
            continue
        _append(directory, source, record)
        done.numbers.append(record.number)
    return done


async def _stamped(
    source: form.Source, authorities: Authorities, name: str, algorithm: HashAlgorithm
) -> Record:
    authority = next(each for each in authorities.authorities if each.name == name)
    note = source.read(form.CHECKPOINT)
    assert note is not None, "the export was checked"
    checkpoint = parse_checkpoint(parse_note(note).text)
    text = timestamps.everything(source, checkpoint.origin, algorithm, checkpoint.size, Findings())
    covers = text.text()
    response = await authority.stamp(hashing.digest(algorithm, covers), algorithm)
    lists = await authorities.collect(response, covers)
    stamped = token.check(response, covers, authorities.trust)
    revocation.check(stamped.chain, (*lists, *authorities.trust.lists), stamped.at)
    return Record(
        number=text.count + 1,
        kind=Kind.ARCHIVE,
        size=checkpoint.size,
        algorithm=stamped.algorithm,
        covers=covers,
        response=response,
        revocation=lists or msgspec.UNSET,
    )


def _append(directory: pathlib.Path, source: form.Source, record: Record) -> None:
    """Put a record behind those that are there; a crash leaves the file as it was."""
    row = timestamps.ArchivedRow(str(record.number), canonical(record))
    before = source.read(timestamps.ARCHIVED) or b""
    put_file(directory / timestamps.ARCHIVED, before + msgspec.json.encode(row) + b"\n")
