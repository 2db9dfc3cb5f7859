"""Change the members of a bundle, and pack and sign them again as somebody with the key could."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from catalog.audit_log.verdict import Verdict
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.signer import Signer
from market.proof_bundles.check import check_parts
from market.proof_bundles.drawing_up import sums_of
from market.proof_bundles.model import (
    ENTRY,
    ENVELOPE,
    MANIFEST,
    NAMES,
    RECEIPT,
    SUMS,
    Manifest,
    Member,
)
from market.proof_bundles.sealing import signed

Parts = dict[str, bytes]
Change = Callable[[Parts], None]


def resealed(parts: Parts, signer: Signer, **told: Any) -> Parts:
    """Return the members with a manifest over them, and the signature of whoever has the key."""
    manifest = msgspec.json.decode(parts[MANIFEST], type=Manifest)
    others = {name: raw for name, raw in parts.items() if name not in ENVELOPE}
    if SUMS in others:
        others[SUMS] = sums_of(others)
    named = tuple(
        Member(name=name, sha256=sha256_hex(others[name]), size_bytes=len(others[name]))
        for name in sorted(others, key=lambda n: NAMES.index(n) if n in NAMES else 99)
    )
    count = others.get("leaves.jsonl", b"").count(b"\n")
    changed = msgspec.structs.replace(manifest, members=named, entry_count=count)
    changed = msgspec.structs.replace(changed, **told)
    kept = {name: parts[name] for name in (ENTRY, RECEIPT) if name in parts}
    return signed(others | kept, canonical(changed), signer)


def with_lines(parts: Parts, name: str, change: Callable[[list[bytes]], None]) -> None:
    """Change a member line by line."""
    lines = parts[name].splitlines(keepends=True)
    change(lines)
    parts[name] = b"".join(lines)


def with_json(parts: Parts, name: str, change: Callable[[Any], Any]) -> None:
    """Change what a member of JSON holds; what ``change`` returns takes its place, if anything."""
    told = msgspec.json.decode(parts[name])
    other = change(told)
    parts[name] = _written(parts[name], told if other is None else other)


def with_json_lines(parts: Parts, name: str, change: Callable[[list[Any]], None]) -> None:
    """Change what the lines of a member hold."""
    told = [msgspec.json.decode(line) for line in parts[name].splitlines()]
    change(told)
    parts[name] = b"".join(_written(parts[name], each) + b"\n" for each in told)


def _written(before: bytes, told: Any) -> bytes:
    """Write what was changed as it was written: canonical, or in the order of its members."""
    first = before.split(b"\n")[0]
    is_canonical = canonical(msgspec.json.decode(first)) == first
    return canonical(told) if is_canonical else msgspec.json.encode(told)


def first_bad(verdict: Verdict) -> tuple[str, str, str | None]:
    """Return kind, id and fault of what was found first."""
    bad = verdict.first_bad
    assert bad is not None
    return bad.kind, bad.id, bad.fault


def verdict_of(parts: Parts, **pins: Any) -> Verdict:
    return check_parts(parts, **pins)
