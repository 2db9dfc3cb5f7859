"""The example of FORMAT.md is what this code reads: each timestamp, the archive's text, the chain."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import msgspec
import pytest

from catalog.audit_log.checkpoint import parse_vkey
from catalog.signing.canonical import canonical
from catalog.timestamps import archive, evidence, hashing, token
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Left, read_record
from tests.vectors.regenerate_timestamps import INDEX, PATH

VECTOR: dict[str, Any] = json.loads(PATH.read_bytes())
TRUST = token.read_trust(VECTOR["tsa_ca"].encode())
LEAVES = [leaf.encode() for leaf in VECTOR["leaves"]]


@pytest.mark.parametrize("told", VECTOR["timestamps"], ids=lambda told: told["kind"])
def test_each_timestamp_is_over_what_it_says(told: dict[str, Any]) -> None:
    covers, response = (base64.b64decode(told[name]) for name in ("covers", "response"))

    stamped = token.check(response, covers, TRUST)

    assert stamped.algorithm == told["algorithm"]
    record = read_record(told["record"].encode())
    assert canonical(record).decode() == told["record"]
    assert (record.covers, record.response) == (covers, response)


def test_the_archive_s_text_has_the_roots_over_everything_before_it() -> None:
    told = VECTOR["timestamps"][2]
    text = archive.parse(base64.b64decode(told["covers"]))
    sha512 = HashAlgorithm.SHA512
    records = [each["record"].encode() for each in VECTOR["timestamps"][:2]]

    assert (text.origin, text.algorithm, text.count) == (VECTOR["origin"], sha512, 2)
    assert text.records_root == hashing.root_of(sha512, archive.hashes_of(sha512, records))
    bundles = archive.hashes_of(sha512, archive.bundles(LEAVES[: text.size]))
    assert text.entries_root == hashing.root_of(sha512, bundles)


@pytest.mark.parametrize(("at", "is_good"), [("holds_at", True), ("ended_at", False)])
def test_the_evidence_holds_until_its_last_timestamp_ends(at: str, is_good: bool) -> None:
    told = evidence.read(msgspec.json.encode(VECTOR["evidence"]))
    now = dt.datetime.fromisoformat(VECTOR[at])

    verdict = evidence.check(told, parse_vkey(VECTOR["log"]), TRUST, left=Left(), now=now)

    assert told.leaf == LEAVES[INDEX]
    assert (verdict.problems == ()) is is_good
