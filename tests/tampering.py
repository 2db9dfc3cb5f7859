"""Change an export at random: flip a value, delete a row, insert one, put two in another order."""

from __future__ import annotations

import base64
import copy
import random
from typing import Any

import msgspec

from tests.exports import Export

LINES = (
    "payloads.jsonl",
    "checkpoints.jsonl",
    "signer.jsonl",
    "records/certificate.jsonl",
    "records/contract.jsonl",
    "records/journal.jsonl",
    "records/report.jsonl",
    "records/usage.jsonl",
    "balances.jsonl",
)


def tamper(export: Export, chance: random.Random) -> str:
    """Change one thing; tell what."""
    kind = chance.choice(("bytes", "row", "row", "row", "leaf", "key"))
    if kind == "bytes":
        return _flip_file(export, chance)
    if kind == "leaf":
        return _change_leaves(export, chance)
    if kind == "key":
        keys = msgspec.json.decode(export.files["keys.json"])
        told = _change_rows(keys["keys"], chance)
        export.files["keys.json"] = msgspec.json.encode(keys)
        return f"keys.json: {told}"
    name = chance.choice(LINES)
    rows = export.rows(name)
    told = _change_rows(rows, chance)
    export.put_rows(name, rows)
    return f"{name}: {told}"


def _flip_file(export: Export, chance: random.Random) -> str:
    name = chance.choice(
        [n for n in sorted(export.files) if n.startswith("tile/") or n == "checkpoint"]
    )
    raw = bytearray(export.files[name])
    at = chance.randrange(len(raw))
    raw[at] ^= 1 << chance.randrange(8)
    export.files[name] = bytes(raw)
    return f"{name} byte {at}"


def _change_leaves(export: Export, chance: random.Random) -> str:
    from catalog.audit_log import tiles

    name = chance.choice(export.names("tile/entries/"))
    leaves = list(tiles.unpack(export.files[name]))
    a, b = chance.sample(range(len(leaves)), 2)
    kind = chance.choice(("swap", "delete", "double", "replace"))
    if kind == "swap":
        leaves[a], leaves[b] = leaves[b], leaves[a]
    elif kind == "delete":
        leaves[a] = b""
    elif kind == "double":
        leaves[a] = leaves[b]
    else:
        leaves[a] = leaves[a].replace(b'"v":1', b'"v":2')
    export.files[name] = tiles.pack(leaves)
    return f"{name} {kind} {a} {b}"


def _change_rows(rows: list[Any], chance: random.Random) -> str:
    kinds = ["flip", "delete", "insert"] + (["reorder"] if len(rows) > 1 else [])
    kind = chance.choice(kinds)
    at = chance.randrange(len(rows))
    if kind == "delete":
        rows.pop(at)
    elif kind == "insert":
        rows.insert(at, copy.deepcopy(rows[at]))
    elif kind == "reorder":
        other = chance.choice([i for i in range(len(rows)) if i != at])
        rows[at], rows[other] = rows[other], rows[at]
    else:
        return f"flip row {at} {_flip_value(rows[at], chance)}"
    return f"{kind} row {at}"


def _flip_value(row: dict[str, Any], chance: random.Random) -> str:
    name = chance.choice([key for key in sorted(row) if row[key] != [] and row[key] != {}])
    row[name] = other_value(row[name], chance)
    return name


def other_value(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bool) or value is None:
        return "00000000-0000-7000-8000-000000000000"
    if isinstance(value, int):
        return value + chance.choice((-1, 1))
    if isinstance(value, list):
        return [other_value(value[0], chance), *value[1:]]
    if isinstance(value, dict):
        name = chance.choice(sorted(value))
        return {**value, name: other_value(value[name], chance)}
    try:
        raw = bytearray(base64.b64decode(value, validate=True))
        raw[chance.randrange(len(raw))] ^= 1
        return base64.b64encode(raw).decode()
    except (ValueError, TypeError):
        at = chance.randrange(len(value)) if value else 0
        return value[:at] + chr((ord(value[at]) if value else 64) ^ 1) + value[at + 1 :]


# ── bytes and lines of any file ─────────────────────────────────────────────────────────────

BYTE_CHANGES = ("flip", "delete", "insert", "truncate", "swap", "double")
LINE_CHANGES = ("delete", "double", "swap", "insert")


def change_bytes(raw: bytes, chance: random.Random) -> tuple[bytes, str]:
    """Return a file with some bytes changed, and how."""
    kind = chance.choice(BYTE_CHANGES) if len(raw) > 8 else "insert"
    at, length = chance.randrange(max(len(raw), 1)), chance.randint(1, 40)
    part = raw[at : at + length]
    if kind == "flip":
        changed = raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :]
    elif kind == "delete":
        changed = raw[:at] + raw[at + length :]
    elif kind == "insert":
        changed = raw[:at] + chance.randbytes(length) + raw[at:]
    elif kind == "truncate":
        changed = raw[:at]
    elif kind == "double":
        changed = raw[:at] + part + raw[at:]
    else:
        other = chance.randrange(len(raw))
        low, high = sorted((at, other))
        changed = raw[:low] + raw[high : high + 1] + raw[low + 1 : high] + raw[low : low + 1]
        changed += raw[high + 1 :]
    return changed, f"{kind} at byte {at}"


def change_lines(lines: list[bytes], chance: random.Random) -> str:
    """Change the lines of a file in place; tell how."""
    kind = chance.choice(LINE_CHANGES if len(lines) > 1 else LINE_CHANGES[:2])
    at = chance.randrange(len(lines))
    if kind == "delete":
        lines.pop(at)
    elif kind == "double":
        lines.insert(at, lines[at])
    elif kind == "insert":
        lines.insert(at, lines[chance.randrange(len(lines))])
    else:
        other = chance.choice([place for place in range(len(lines)) if place != at])
        lines[at], lines[other] = lines[other], lines[at]
    return f"{kind} line {at + 1}"
