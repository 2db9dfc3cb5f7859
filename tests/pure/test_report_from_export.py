"""An outsider computes a report again from the files of an export alone."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from catalog.audit_log import export_format as form
from catalog.audit_log import merkle, tiles
from catalog.audit_log.leaf import instant, leaf_bytes, payload_bytes
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.kernel.actor import PUBLIC
from catalog.kernel.ids import new_id
from catalog.kernel.workdays import Calendar
from catalog.signing.canonical import sha256_hex
from market.supervision.facts import Fact, JournalFact, values_of
from market.supervision.from_export import recompute
from market.supervision.report import compute, document
from settlement.ledger.accounts import clearing_of, escrow_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from tests.exports import Export
from tests.makers_supervision import Q1, at, make_header


class Files:
    """Write entries as an export does, and as the facts that they are."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.rows: list[form.PayloadRow] = []
        self.waiting: list[form.PayloadRow] = []
        self.facts: list[Fact] = []
        self.entries: list[Entry] = []

    def add(
        self,
        event: str,
        when: dt.datetime,
        *about: str,
        digests: tuple[Digest, ...] = (),
        places: bool = True,
        erased: bool = False,
        **facts: Any,
    ) -> None:
        subjects = tuple(Subject(*key.split(":", 1)) for key in about)
        payload = payload_bytes(PUBLIC, facts=facts)
        leaf = leaf_bytes(
            EntryId(new_id()), when, event, subjects=subjects, payload_sha256="0", digests=digests
        )
        index = len(self.leaves)
        row = form.PayloadRow(
            idx=index if places else None,
            entry_id=str(uuid.uuid4()),
            leaf=None if places else leaf,
            at=instant(when),
            payload=None if erased else payload,
        )
        if not places:
            self.waiting.append(row)
            return
        self.leaves.append(leaf)
        self.rows.append(row)
        told = None if erased else msgspec.json.decode(payload)
        self.facts.append(
            Fact(
                index=index,
                at=when,
                event=event,
                leaf_hash=merkle.leaf_hash(leaf).hex(),
                subjects=subjects,
                digests=digests,
                values=values_of(told),
            )
        )

    def book(self, amount_fen: int, when: dt.datetime, *, places: bool = True) -> None:
        order_id = uuid.uuid4()
        legs = transfer(clearing_of("sandbox"), [Leg(escrow_of(order_id), amount_fen)])
        entry = Entry(
            key=new_id(),
            kind=Kind.PAY_IN,
            legs=legs,
            booked_at=when,
            value_on=when.date(),
            rule_version="1",
            order_id=order_id,
        )
        self.entries.append(entry)
        self.add(
            "journal:posted",
            when,
            f"journal:{entry.key}",
            digests=(Digest("journal", str(entry.key), sha256_hex(entry.record())),),
            places=places,
            kind="pay_in",
            amount_fen=amount_fen,
        )

    def export(self) -> Export:
        files = {}
        for start in range(0, len(self.leaves), merkle.TILE_WIDTH):
            part = self.leaves[start : start + merkle.TILE_WIDTH]
            width = len(part) if len(part) < merkle.TILE_WIDTH else None
            path = tiles.TilePath(None, start // merkle.TILE_WIDTH, width or merkle.TILE_WIDTH)
            files[str(path)] = tiles.pack(part)
        made = Export(files)
        made.put_rows(form.PAYLOADS, [msgspec.to_builtins(row) for row in self.rows])
        made.put_rows(form.UNSEQUENCED, [msgspec.to_builtins(row) for row in self.waiting])
        journal = [form.RecordRow(id=str(e.key), record=e.record()) for e in self.entries]
        made.put_rows(f"{form.RECORDS}journal.jsonl", [msgspec.to_builtins(row) for row in journal])
        return made

    def journal(self) -> list[JournalFact]:
        return [
            JournalFact(
                key=str(entry.key),
                kind=entry.kind.value,
                amount_fen=entry.amount_fen,
                sha256=sha256_hex(entry.record()),
                booked_at=entry.booked_at,
            )
            for entry in self.entries
        ]


@pytest.mark.parametrize("more", [0, 300])
def test_the_files_give_the_bytes_that_the_facts_give(more: int) -> None:
    files = Files()
    files.add("data:accessed", at(12, 1, year=2025), "order:o", units=1)  # not read: too old
    files.add("product:described", at(12, 2, year=2025), "product:x", industry_section="A")
    files.add("application:submitted", at(1, 5), "application:a", "product:x")
    files.add("application:accepted", at(1, 6), "application:a", erased=True)
    files.add("order:placed", at(1, 7), "order:o", "product:x", amount_fen=5)
    files.book(5, at(1, 8))
    for _ in range(more):
        files.add("data:accessed", at(2, 1), "order:o", units=1)
    files.add("order:placed", Q1.ends_at, "order:next", amount_fen=1)
    counted = list(files.facts[1:-1])
    journal = files.journal()
    base = make_header()
    checkpoint = msgspec.structs.replace(base.checkpoint, size=len(files.leaves))
    header = msgspec.structs.replace(base, checkpoint=checkpoint)
    record = document(compute(header, counted, journal, Calendar()))

    # what comes late is left out, with its money
    files.book(7, at(3, 30))
    files.add("order:placed", at(3, 30), "order:late")
    files.book(9, at(3, 31), places=False)
    files.add("order:placed", at(3, 31), "order:waiting", places=False)

    assert recompute(files.export(), record) == record


def test_a_calendar_loaded_after_the_quarter_counts_if_the_checkpoint_covers_it() -> None:
    files = Files()
    files.add("application:submitted", at(1, 5), "application:a")
    files.add("application:accepted", at(1, 7), "application:a")
    files.add(
        "calendar_year:loaded",
        Q1.ends_at,
        year=2026,
        notice_number="国办发明电〔2025〕7号",
        issued_on="2025-11-04",
        holidays=["2026-01-06"],
        workdays=[],
    )
    base = make_header()
    checkpoint = msgspec.structs.replace(base.checkpoint, size=3)
    header = msgspec.structs.replace(base, checkpoint=checkpoint)
    without = document(compute(header, files.facts[:2], [], Calendar()))

    again = msgspec.json.decode(recompute(files.export(), without))

    longest = again["sections"][2]["figures"][4]
    assert (longest["code"], longest["value"]) == ("maximum_working_days", 1)
