"""Rewrite a stored history with the log's own stolen key, tiles, checkpoints and all: by its thief.

What no database holds he does not have: the signer's journal, unless he broke in there too, and what
witnesses saw.
"""

from __future__ import annotations

import pathlib
import random
from collections.abc import Sequence
from typing import Any

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import merkle, proven_log
from catalog.audit_log.checkpoint import parse_checkpoint, parse_note
from catalog.audit_log.disk import Signed
from catalog.audit_log.leaf import commitment, read_leaf
from catalog.audit_log.verdict import Unreadable
from catalog.signing.canonical import canonical
from tests.log_of_tests import TestLog

Owner = Any  # asyncpg.Connection, past all constraints
Rows = Sequence[Any]


async def fork(owner: Owner, log: TestLog, chance: random.Random) -> str:
    """Let an entry say something else, its payload with it."""
    rows = await _leaves(owner)
    at = chance.randrange(len(rows))
    row, leaf = rows[at], read_leaf(rows[at]["leaf"])
    kept = await owner.fetchrow(
        "SELECT salt, payload FROM audit_log.entries WHERE entry_id = $1", row["entry_id"]
    )
    assert kept is not None
    payload = msgspec.json.decode(kept["payload"])
    payload["facts"] = {"amount_fen": chance.randrange(1, 10**6)}
    told = canonical(payload)
    forged = canonical(msgspec.structs.replace(leaf, payload_sha256=commitment(kept["salt"], told)))
    await owner.execute(
        "UPDATE audit_log.entries SET payload = $2 WHERE entry_id = $1", row["entry_id"], told
    )
    await owner.execute(
        "UPDATE audit_log.entries SET leaf = $2 WHERE entry_id = $1", row["entry_id"], forged
    )
    await _sign_again(owner, log)
    return f"fork at entry {at}"


async def hide(owner: Owner, log: TestLog, chance: random.Random) -> str:
    """Take an entry out of the history, and let all later ones move up."""
    rows = await _leaves(owner)
    at = chance.randrange(len(rows))
    await owner.execute("DELETE FROM audit_log.places WHERE idx = $1", at)
    await owner.execute("DELETE FROM audit_log.entries WHERE entry_id = $1", rows[at]["entry_id"])
    await owner.execute("UPDATE audit_log.places SET idx = -idx WHERE idx > $1", at)
    await owner.execute("UPDATE audit_log.places SET idx = -idx - 1 WHERE idx < 0")
    await owner.execute("DELETE FROM audit_log.search_subjects WHERE idx = $1", at)
    await owner.execute("DELETE FROM audit_log.search_entries WHERE idx = $1", at)
    for table in ("search_entries", "search_subjects"):
        await owner.execute(f"UPDATE audit_log.{table} SET idx = -idx WHERE idx > $1", at)
        await owner.execute(f"UPDATE audit_log.{table} SET idx = -idx - 1 WHERE idx < 0")
    await owner.execute("UPDATE audit_log.search_state SET size = size - 1")
    await _sign_again(owner, log)
    return f"hidden entry {at}"


async def cut(owner: Owner, log: TestLog, chance: random.Random) -> str:
    """End the history at an earlier checkpoint, with all that stands beside it."""
    sizes = [row[0] for row in await owner.fetch("SELECT size FROM audit_log.checkpoints")]
    size = chance.choice(sorted(sizes)[:-1])
    await owner.execute(
        """DELETE FROM audit_log.entries WHERE entry_id IN (
               SELECT entry_id FROM audit_log.places WHERE idx >= $1
               UNION SELECT entry_id FROM audit_log.outbox)""",
        size,
    )
    for table, column in (
        ("places", "idx"), ("search_entries", "idx"), ("search_subjects", "idx"),
    ):  # fmt: skip
        await owner.execute(f"DELETE FROM audit_log.{table} WHERE {column} >= $1", size)
    for table in ("checkpoints", "cosignatures", "witnessed_checkpoints"):
        await owner.execute(f"DELETE FROM audit_log.{table} WHERE size > $1", size)
    await owner.execute("DELETE FROM audit_log.outbox")
    await owner.execute("UPDATE audit_log.search_state SET size = $1", size)
    await _sign_again(owner, log)
    return f"cut to {size}"


async def _leaves(owner: Owner) -> Rows:
    return await owner.fetch("SELECT idx, entry_id, leaf FROM audit_log.leaves ORDER BY idx")


async def _sign_again(owner: Owner, log: TestLog) -> None:
    """Write tiles, state and checkpoints for the leaves as they are now, signed by the log's key."""
    hashes = [merkle.leaf_hash(row["leaf"]) for row in await _leaves(owner)]
    edge, tiles = merkle.Edge().extended(hashes)
    await owner.execute("DELETE FROM audit_log.tiles")
    for tile in tiles:
        await owner.execute(
            "INSERT INTO audit_log.tiles (level, number, hashes) VALUES ($1, $2, $3)",
            tile.level, tile.number, tile.hashes,
        )  # fmt: skip
    await owner.execute(
        "UPDATE audit_log.state SET size = $1, root = $2, frontier = $3",
        edge.size, edge.root(), edge.packed(),
    )  # fmt: skip
    before = 0
    for row in await owner.fetch("SELECT size FROM audit_log.checkpoints ORDER BY size"):
        size = min(row["size"], edge.size)
        if size > before:
            root = merkle.Edge().extended(hashes[:size])[0].root()
            await owner.execute(
                "UPDATE audit_log.checkpoints SET size = $2, root = $3, note = $4 WHERE size = $1",
                row["size"], size, root, log.signer.note(size, root, previous=before),
            )  # fmt: skip
        else:
            await owner.execute("DELETE FROM audit_log.checkpoints WHERE size = $1", row["size"])
        before = max(size, before)


async def forge_journal(owner: Owner, log: TestLog, place: pathlib.Path) -> pathlib.Path:
    """Return a journal of the signer that says what the stored checkpoints say."""
    lines = [
        Signed(row["size"], row["root"], row["note"].decode(), row["published_at"])
        for row in await owner.fetch(
            "SELECT size, root, note, published_at FROM audit_log.checkpoints ORDER BY size"
        )
    ]
    place.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return place


def seen_by_a_witness(source: export.Source, kept: bytes) -> str | None:
    """Return what a witness says who kept a checkpoint of the log and reads its entries now."""
    held = parse_checkpoint(parse_note(kept).text)
    try:
        leaves = list(proven_log.leaves(source))
    except Unreadable as error:
        return str(error)
    if len(leaves) < held.size:
        return f"the log has {len(leaves)} entries, and {held.size} were cosigned"
    root = merkle.Edge().extended(merkle.leaf_hash(leaf) for leaf in leaves[: held.size])[0].root()
    return None if root == held.root else f"another history of {held.size} entries was cosigned"
