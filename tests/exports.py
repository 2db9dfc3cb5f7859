"""Make a small export in memory, genuine to the last byte, for tests that change it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from typing import Any

import msgspec

from catalog.audit_log import export_format as form
from catalog.audit_log import key_notices, merkle, published_keys, tiles
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.key_notices import Action
from catalog.audit_log.key_record import key_record
from catalog.audit_log.leaf import commitment, instant, leaf_bytes, payload_bytes
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.audit_log.sequencer.operations.publishing import LogSigner
from catalog.kernel.actor import PUBLIC
from catalog.kernel.ids import new_id
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from tests.log_of_tests import ORIGIN, signer_of

START = dt.datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=dt.UTC)


class Export:
    """An export as a mapping of names to bytes; a ``Source`` for the checker."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def lines(self, name: str) -> list[bytes]:
        return self.files.get(name, b"").splitlines(keepends=True)

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self.files if name.startswith(prefix))

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.lines(name)]

    def put_rows(self, name: str, rows: list[dict[str, Any]]) -> None:
        self.files[name] = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)

    def copy(self) -> Export:
        return Export(dict(self.files))


class Maker:
    """Append, sign, and write out, without a database."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.payloads: list[form.PayloadRow] = []
        self.checkpoints: list[tuple[int, bytes, bytes, dt.datetime]] = []
        self.records: dict[str, list[form.RecordRow]] = {}
        self.keys: list[PublicKey] = []
        self.signer = signer_of(Purpose.CHECKPOINT)
        self.log_key = VerifierKey(ORIGIN, self.signer.public_key)
        self.further: tuple[Signer, ...] = ()
        self.notices: list[form.NoticeRow] = []
        self.by: tuple[Signer, ...] = ()  # who signs checkpoints; nobody: the one key there is
        self.now = START

    def append(
        self,
        event: str = "product:described",
        *,
        subjects: tuple[Subject, ...] = (Subject("product", "1"),),
        digests: tuple[Digest, ...] = (),
        order_seq: int | None = None,
    ) -> None:
        self.now += dt.timedelta(seconds=1)
        entry_id = EntryId(new_id())
        salt = hashlib.sha256(entry_id.bytes).digest()[:16]
        payload = payload_bytes(PUBLIC, facts={"名称": "海南", "n": len(self.leaves)})
        leaf = leaf_bytes(
            entry_id,
            self.now,
            event,
            subjects=subjects,
            payload_sha256=commitment(salt, payload),
            digests=digests,
            rules=("HN-08",),
            order_seq=order_seq,
        )
        self.payloads.append(
            form.PayloadRow(
                idx=len(self.leaves),
                entry_id=str(entry_id),
                at=instant(self.now),
                event=event,
                subjects=[subject.key for subject in subjects],
                salt=salt,
                payload=payload,
            )
        )
        self.leaves.append(leaf)

    def register(self, signer: Signer, holder: Any = None) -> None:
        key = PublicKey(
            signer.key_id,
            signer.purpose,
            signer.public_key,
            self.now,
            holder_party_id=holder,
            algorithm=signer.algorithm,
        )
        self.keys.append(key)
        digest = Digest("key", key.key_id, sha256_hex(key_record(key)))
        self.append("key:registered", digests=(digest,))

    def say(
        self,
        action: Action,
        about: Signer,
        by: Signer,
        *,
        since: int | None = None,
        signed_by: tuple[Signer, ...] | None = None,
        origin: str = ORIGIN,
    ) -> None:
        """Enter a notice about a key of the log; ``signed_by`` is for notices that do not count."""

        def named(signer: Signer) -> VerifierKey:
            is_root = signer.purpose is Purpose.ROOT
            return VerifierKey(origin + key_notices.ROOT if is_root else origin, signer.public_key)

        self.now += dt.timedelta(seconds=1)
        notice = key_notices.drawn_up(action, named(about), named(by), self.now, since)
        brings = action in (Action.ANNOUNCE, Action.ROOT)
        signers = signed_by or ((by, about) if brings else (by,))
        text = notice.text().encode()
        note = key_notices.signed(notice, [(named(each), each.sign(text)) for each in signers])
        sha256 = key_notices.digest(note)
        self.notices.append(form.NoticeRow(len(self.leaves), note))
        digests = [Digest(key_notices.KIND, sha256[:16], sha256)]
        if brings:
            key = PublicKey(about.key_id, about.purpose, about.public_key, self.now)
            self.keys.append(key)
            digests.append(Digest("key", key.key_id, sha256_hex(key_record(key))))
        self.append("key:announced", digests=tuple(digests))

    def distrust(self, signer: Signer, since: int) -> None:
        """Enter that a key is distrusted from an entry on."""
        place = next(n for n, key in enumerate(self.keys) if key.key_id == signer.key_id)
        self.keys[place] = msgspec.structs.replace(
            self.keys[place], distrusted_from=since, revoked_at=self.now
        )
        digest = Digest("key", signer.key_id, sha256_hex(key_record(self.keys[place])))
        self.append("key:distrusted", digests=(digest,))

    def end(self, signer: Signer) -> None:
        """Enter the end of a key."""
        key = next(key for key in self.keys if key.key_id == signer.key_id)
        digest = Digest("key", key.key_id, sha256_hex(key_record(key)))
        self.append("key:ended", digests=(digest,))

    def bind(
        self,
        kind: str,
        identifier: str,
        document: Any,
        *signers: Signer,
        holders: tuple[str | None, ...] = (None, None),
        columns: tuple[str, ...] = (),
    ) -> None:
        record = canonical(document)
        self.records.setdefault(kind, []).append(
            form.RecordRow(
                id=identifier,
                record=record,
                columns={name: document[name] for name in columns},
                signatures=[
                    form.SignatureRow(
                        key_id=signer.key_id, value=signer.sign(record), holder_party_id=holder
                    )
                    for signer, holder in zip(signers, holders, strict=False)
                ],
            )
        )
        self.append(f"{kind}:made", digests=(Digest(kind, identifier, sha256_hex(record)),))

    def sign(self) -> None:
        root = merkle.root_of(self.leaves)
        before = self.checkpoints[-1][0] if self.checkpoints else 0
        log = LogSigner(ORIGIN, self.signer, self.further)
        note = log.note(len(self.leaves), root, previous=before, now=self.now, by=self.by)
        self.checkpoints.append((len(self.leaves), root, note, self.now))

    def export(self) -> Export:
        files: dict[str, bytes] = {}
        size, _, note, _ = self.checkpoints[-1]
        edge, full = merkle.Edge().extended([merkle.leaf_hash(leaf) for leaf in self.leaves])
        assert edge.size == size
        files[form.CHECKPOINT] = note
        files[form.STATE] = msgspec.json.encode(
            form.StateRow(size=size, root=edge.root(), frontier=edge.packed())
        )
        for tile in full:
            files[str(tiles.TilePath(tile.level, tile.number))] = tile.hashes
        for level, hashes in enumerate(edge.partials):
            if hashes:
                path = tiles.TilePath(level, size >> (8 * (level + 1)), len(hashes) // 32)
                files[str(path)] = hashes
        for start in range(0, size, 256):
            part = self.leaves[start : start + 256]
            files[str(tiles.TilePath(None, start // 256, len(part)))] = tiles.pack(part)
        made = Export(files)
        made.put_rows(form.PAYLOADS, [msgspec.to_builtins(row) for row in self.payloads])
        made.put_rows(
            form.CHECKPOINTS,
            [
                {"size": n, "root": _b64(r), "note": _b64(t), "published_at": instant(at)}
                for n, r, t, at in self.checkpoints
            ],
        )
        made.put_rows(
            form.SIGNER_JOURNAL,
            [
                {"size": n, "root": _b64(r), "note": t.decode(), "at": instant(at)}
                for n, r, t, at in self.checkpoints
            ],
        )
        keys = form.Keys(
            str(self.log_key),
            [published_keys.row(key) for key in self.keys],
            list(self.notices),
        )
        files[form.KEYS] = msgspec.json.encode(keys)
        for kind, rows in self.records.items():
            ordered = sorted(rows, key=lambda row: row.id)
            made.put_rows(f"records/{kind}.jsonl", [msgspec.to_builtins(row) for row in ordered])
        for row in self.records.get("certificate", []):
            files[f"certificates/{row.id}.json"] = msgspec.json.encode(
                {
                    "type": "shushi-certificate-v1",
                    "document": row.record,
                    "signature": {
                        "algorithm": "ed25519",
                        "key_id": row.signatures[0].key_id,
                        "value": row.signatures[0].value,
                    },
                }
            )
        legs: dict[str, int] = {}
        for row in self.records.get("journal", []):
            for account, amount in msgspec.json.decode(row.record)["legs"]:
                if account.startswith("channel_clearing/"):
                    continue
                legs[account] = legs.get(account, 0) + amount
        made.put_rows(
            form.BALANCES, [{"account": a, "posted_fen": f} for a, f in sorted(legs.items())]
        )
        files[form.UNSEQUENCED] = b""
        manifest = form.Manifest(
            format=form.FORMAT, origin=ORIGIN, exported_at=instant(self.now), payloads=True
        )
        files[form.MANIFEST] = msgspec.json.encode(manifest)
        return made


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def small_market(entries: int = 300, *, with_report: bool = True) -> Maker:
    """Return a log with keys, certificates, a contract, a journal, usage and a report.

    The report is one in name only: nobody could compute it again.
    """
    maker = Maker()
    certificate = signer_of(Purpose.CERTIFICATE)
    report = signer_of(Purpose.REPORT)
    buyer, seller = new_id(), new_id()
    signers = [signer_of(Purpose.CONTRACT, "buyer"), signer_of(Purpose.CONTRACT, "seller")]
    for signer in (maker.signer, certificate, report):
        maker.register(signer)
    for signer, holder in zip(signers, (buyer, seller), strict=True):
        maker.register(signer, holder)
    order = Subject("order", "o-1")
    maker.append("order:placed", subjects=(order,), order_seq=1)
    for i in range(3):
        number = f"HN-DPR-2026-000{i}"
        maker.bind("certificate", number, {"number": number, "名称": "企业信用"}, certificate)
    maker.bind("contract", "o-1", {"order": "o-1"}, *signers, holders=(str(buyer), str(seller)))
    maker.append("file:uploaded", digests=(Digest("file", "f-1", "00" * 32),))  # not exported
    signed = Digest("contract", "o-1", sha256_hex(maker.records["contract"][0].record))
    for _ in signers:
        maker.append("contract:signed", digests=(signed,))
    maker.append("order:paid", subjects=(order,), order_seq=2)
    maker.sign()
    maker.bind("contract", "o-2", {"order": "o-2"})  # a draft
    for i in range(5):
        legs = [["channel_clearing/x", -100 - i], [f"order_escrow/{i % 2}", 100 + i]]
        document = {"key": f"j-{i}", "legs": legs, "kind": "pay_in"}
        maker.bind("journal", f"j-{i}", document, columns=("legs", "kind"))
    for i in range(4):
        maker.bind("usage", f"u-{i}", {"id": f"u-{i}", "bytes": i}, columns=("bytes",))
    if with_report:
        maker.bind("report", "r-1", {"quarter": "2026Q1"}, report)
    maker.sign()
    while len(maker.leaves) < entries:
        maker.append()
    maker.sign()
    return maker
