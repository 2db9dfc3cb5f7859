"""Read everything that an export holds, as it is stored, across all rooms, right or wrong.

An auditor reads what lies there and believes no room's word for it; so these statements do not
go through the rooms' own queries. They run in one snapshot and change nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from catalog.kernel.db import Row, Tx

STATE: Final = "SELECT size, root, frontier FROM audit_log.state"
WITNESSED: Final = """
    SELECT note FROM audit_log.witnessed_checkpoints ORDER BY size DESC LIMIT 1"""
CHECKPOINTS: Final = """
    SELECT size, root, note, published_at FROM audit_log.checkpoints ORDER BY size"""
TILES: Final = "SELECT level, number, hashes FROM audit_log.tiles ORDER BY level, number"
LEAVES: Final = """
    SELECT l.idx, l.entry_id, NULL::bytea AS leaf_of_row, l.leaf, p.at, p.event, p.subjects,
           p.actor_account_id, p.actor_party_id, p.salt, p.payload
    FROM audit_log.leaves l LEFT JOIN audit_log.open_payloads p USING (entry_id) ORDER BY l.idx"""
OUTBOX: Final = """
    SELECT NULL::bigint AS idx, o.entry_id, o.leaf AS leaf_of_row, p.at, p.event, p.subjects,
           p.actor_account_id, p.actor_party_id, p.salt, p.payload
    FROM audit_log.waiting o LEFT JOIN audit_log.open_payloads p USING (entry_id) ORDER BY o.id"""
# Of those that have a place, a missing one leaves a gap.
LOST_PAYLOADS: Final = """
    SELECT entry_id FROM (
        SELECT p.entry_id FROM audit_log.entries p
         WHERE NOT EXISTS (SELECT FROM audit_log.places l WHERE l.entry_id = p.entry_id)
           AND NOT EXISTS (SELECT FROM audit_log.outbox o WHERE o.entry_id = p.entry_id)
        UNION
        SELECT o.entry_id FROM audit_log.outbox o
         WHERE NOT EXISTS (SELECT FROM audit_log.entries p WHERE p.entry_id = o.entry_id)) lost
     ORDER BY entry_id LIMIT 1000"""
# Who registered a key is not handed out. That the row still names whom the log's entry names is
# compared here.
KEYS: Final = """
    SELECT key_id, purpose, holder_party_id, algorithm, public_key, valid_from, valid_to,
           revoked_at, distrusted_from, certificate,
           registered_by IS NOT DISTINCT FROM (
               SELECT p.actor_account_id FROM audit_log.open_payloads p
               WHERE p.event = 'key:registered'
                 AND p.entry_id = ANY(ARRAY(SELECT audit_log.entries_naming(ARRAY['key:' || key_id])))
               ORDER BY p.at, p.entry_id LIMIT 1) AS is_its_registrars
    FROM signing.keys ORDER BY valid_from, key_id"""
KEY_NOTICES: Final = """
    SELECT l.idx, n.note FROM audit_log.key_notices n
    LEFT JOIN audit_log.leaves l USING (entry_id) ORDER BY l.idx NULLS LAST, n.entry_id"""
BALANCES: Final = """
    SELECT code, sum(balance)::bigint AS posted FROM settlement.balances
     GROUP BY code ORDER BY code COLLATE "C\""""


# What is kept beside the log, and what of the log it has to be like (``beside_the_log``).
ORDER_COUNTS: Final = "SELECT order_id, entries FROM audit_log.order_counts"
LEAVES_OF_ORDERS: Final = """
    SELECT leaf FROM audit_log.leaves
     WHERE position('"order_seq"'::bytea IN leaf) > 0 ORDER BY idx"""
INDEX_SIZE: Final = """
    SELECT i.size, s.size AS sequenced FROM audit_log.search_state i CROSS JOIN audit_log.state s"""
_INDEXED: Final = """
    audit_log.leaves l JOIN audit_log.open_payloads p USING (entry_id)
     WHERE l.idx < (SELECT max(size) FROM audit_log.search_state)"""


def _compared(name: str, held: str, meant: str) -> str:
    """Return the statement that finds what an index holds too much, and what it lacks."""
    return f"""
        SELECT '{name}' AS name, idx, 'says what the log does not' AS wrong
          FROM ({held} EXCEPT ALL {meant}) more
        UNION ALL
        SELECT '{name}', idx, 'lacks what the log says' FROM ({meant} EXCEPT ALL {held}) less
        ORDER BY 2, 3 LIMIT 1000"""  # noqa: S608 - our own texts


INDEX_OF_ENTRIES: Final = _compared(
    "search_entries",
    """SELECT idx, entry_id, at, event, actor_account_id, actor_party_id
         FROM audit_log.search_entries""",
    f"""SELECT l.idx, p.entry_id, p.at, p.event, p.actor_account_id, p.actor_party_id
          FROM {_INDEXED}""",  # noqa: S608 - our own text
)
INDEX_OF_SUBJECTS: Final = _compared(
    "search_subjects",
    "SELECT subject, at, idx, event FROM audit_log.search_subjects",
    f"""SELECT DISTINCT audit_log.subject_key(key), at, idx, event
          FROM (SELECT unnest(p.subjects) AS key, p.at, l.idx, p.event FROM {_INDEXED}) named""",  # noqa: S608 - our own text
)
HEAD_SNAPSHOTS: Final = """
    SELECT s.log_size, s.record, s.published_at AS kept_at, p.at, p.event, p.subjects
      FROM audit_log.head_snapshots s LEFT JOIN audit_log.entries p USING (entry_id)
     ORDER BY s.log_size"""
HEAD_BUNDLES: Final = "SELECT log_size, number, first_hash, heads FROM audit_log.head_bundles"
HEAD_TILES: Final = "SELECT log_size, level, number, hashes FROM audit_log.head_tiles"
TIMESTAMP_ROWS: Final = """
    SELECT t.number, t.record, t.authority, t.stamped_at, t.ends_at, t.kept_at, p.at, p.event,
           p.subjects, p.payload
      FROM audit_log.timestamps t LEFT JOIN audit_log.open_payloads p USING (entry_id)
     ORDER BY t.number"""
ARCHIVE_HASHES: Final = "SELECT number, covers, records, bundles FROM audit_log.archive_hashes"
KEY_NOTICE_ROWS: Final = """
    SELECT n.entry_id, n.action, n.key_id, n.note,
           EXISTS (SELECT FROM audit_log.entries p WHERE p.entry_id = n.entry_id) AS is_in_the_log
      FROM audit_log.key_notices n ORDER BY n.entry_id"""
COSIGNATURES: Final = """
    SELECT s.size, s.witness, s.line, s.cosigned_at, c.note
      FROM audit_log.cosignatures s LEFT JOIN audit_log.checkpoints c USING (size)
     ORDER BY s.size, s.witness"""
WITNESSED_ROWS: Final = """
    SELECT w.size, w.note, c.note AS signed
      FROM audit_log.witnessed_checkpoints w LEFT JOIN audit_log.checkpoints c USING (size)
     ORDER BY w.size"""


class RecordTable(msgspec.Struct, frozen=True):
    """One kind of record that the log binds, and the statement that reads all of them.

    It gives ``id`` (in the order of its bytes), ``record`` (the bytes as they were hashed),
    ``columns`` (what also stands in plain columns, under the names that the bytes use), and
    ``signatures``.
    """

    kind: str
    sql: str
    document_type: str = ""  # how it is handed out as a file, if it is


def _instant(column: str) -> str:
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def _digest_if_wrong(column: str, record: str) -> str:
    """Return a column that no record has, if a stored digest is not that of the stored bytes."""
    return f"""CASE WHEN {column} = encode(sha256({record}), 'hex') THEN '{{}}'::jsonb
                    ELSE jsonb_build_object('record_sha256', {column}) END"""


def _signature(holder: str = "NULL") -> str:
    return f"""CASE WHEN signature IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object(
                   'key_id', key_id, 'holder_party_id', {holder},
                   'value', replace(encode(signature, 'base64'), E'\\n', ''))) END AS signatures"""


# The record of an entry is made of the columns: there is nothing beside it that could differ.
_JOURNAL: Final = """
    SELECT key::text AS id, record, '[]'::jsonb AS signatures, '{}'::jsonb AS columns
      FROM settlement.entries ORDER BY key::text COLLATE "C\""""

_PERIODS: Final = """
    SELECT book || '-' || month AS id, record, '[]'::jsonb AS signatures,
           jsonb_build_object(
               'book', book, 'month', month, 'entries', entries,
               'chain_before', encode(before, 'hex'), 'chain_head', encode(head, 'hex')) AS columns
      FROM settlement.closings WHERE record IS NOT NULL
     ORDER BY book || '-' || month COLLATE "C\""""

_CERTIFICATES: Final = f"""
    SELECT number AS id, document AS record, {_signature()},
           jsonb_build_object(
               'registration_number', number, 'product_id', product_id,
               'product_name', product_name, 'certificate_version', version)
           || {_digest_if_wrong("record_sha256", "document")} AS columns
    FROM catalog.certificates ORDER BY number COLLATE "C\""""  # noqa: S608

# What is signed or recorded in a change registration, and for a reissue, is bound like that of a
# first registration, and stands beside it.
_TECHNICAL_OPINIONS: Final = f"""
    SELECT id, record, signatures, columns FROM (
        SELECT id::text AS id, document AS record, '[]'::jsonb AS signatures,
               {_digest_if_wrong("sha256", "document")} AS columns
          FROM catalog.technical_opinions
        UNION ALL
        SELECT id::text, document, '[]'::jsonb, {_digest_if_wrong("sha256", "document")}
          FROM catalog.change_papers WHERE kind = 'technical_opinion') all_of_them
    ORDER BY id COLLATE "C\""""  # noqa: S608

_COMPLIANCE_OPINIONS: Final = f"""
    SELECT id, record, signatures, columns FROM (
        SELECT id::text AS id, document AS record, {_signature("agency_party_id")},
               {_digest_if_wrong("sha256", "document")} AS columns
          FROM catalog.compliance_opinions
        UNION ALL
        SELECT id::text, document, {_signature("party_id")},
               {_digest_if_wrong("sha256", "document")}
          FROM catalog.change_papers WHERE kind = 'compliance_opinion') all_of_them
    ORDER BY id COLLATE "C\""""  # noqa: S608

_AUTHORISATIONS: Final = f"""
    SELECT id, record, signatures, columns FROM (
        SELECT id::text AS id, document AS record, {_signature("bureau_party_id")},
               {_digest_if_wrong("sha256", "document")} AS columns
          FROM catalog.issuance_authorisations
        UNION ALL
        SELECT id::text, document, {_signature("party_id")},
               {_digest_if_wrong("sha256", "document")}
          FROM catalog.change_papers WHERE kind = 'authorisation'
        UNION ALL
        SELECT id::text, authorisation, {_signature("bureau_party_id")},
               {_digest_if_wrong("authorisation_sha256", "authorisation")}
          FROM catalog.certificate_reissues WHERE authorisation IS NOT NULL) all_of_them
    ORDER BY id COLLATE "C\""""  # noqa: S608

_HEADS: Final = """
    SELECT log_size::text AS id, record, '[]'::jsonb AS signatures,
           jsonb_build_object('log_size', log_size) AS columns
    FROM audit_log.head_snapshots ORDER BY log_size::text COLLATE "C\""""

_TIMESTAMPS: Final = """
    SELECT number::text AS id, record, '[]'::jsonb AS signatures,
           jsonb_build_object(
               'number', number, 'kind', kind, 'size', size, 'algorithm', algorithm) AS columns
    FROM audit_log.timestamps ORDER BY number::text COLLATE "C\""""

_REPORTS: Final = f"""
    SELECT id::text AS id, record, {_signature()},
           jsonb_build_object(
               'id', id, 'year', year, 'quarter', quarter, 'version', version,
               'generated_at', {_instant("generated_at")})
           || {_digest_if_wrong("encode(record_sha256, 'hex')", "record")} AS columns
    FROM market.quarterly_reports WHERE record IS NOT NULL
    ORDER BY id::text COLLATE "C\""""  # noqa: S608

# A draft stands here too: the log knows it from the day it was drawn up. A signature without its
# contract shows as a contract without bytes.
_CONTRACTS: Final = f"""
    SELECT coalesce(c.order_id, s.order_id)::text AS id, coalesce(c.record, '') AS record,
           coalesce(s.signatures, '[]'::jsonb) AS signatures,
           CASE WHEN c.order_id IS NULL THEN '{{}}'::jsonb ELSE
               jsonb_build_object(
                   'order_id', c.order_id, 'buyer.party_id', c.buyer_party_id,
                   'supplier.party_id', c.supplier_party_id,
                   'split.version', c.split->'version', 'split.shares', c.split->'shares',
                   'drafted_at', {_instant("c.drafted_at")})
               || {_digest_if_wrong("c.record_sha256", "c.record")} END AS columns
    FROM market.contracts c
    FULL JOIN (SELECT order_id, jsonb_agg(jsonb_build_object(
                          'key_id', key_id, 'holder_party_id', party_id,
                          'value', replace(encode(value, 'base64'), E'\\n', ''))
                          ORDER BY side) AS signatures
               FROM market.contract_signatures GROUP BY order_id) s
           ON s.order_id = c.order_id
    ORDER BY coalesce(c.order_id, s.order_id)::text COLLATE "C\""""  # noqa: S608

_USAGE: Final = f"""
    SELECT id::text AS id, record, '[]'::jsonb AS signatures,
           jsonb_build_object(
               'id', id, 'order_id', order_id, 'order_seq', order_seq, 'grant_id', grant_id,
               'buyer_party_id', buyer_party_id, 'supplier_party_id', supplier_party_id,
               'product_id', product_id, 'request_key', request_key, 'decision', decision,
               'price_units', price_units)
           || {_digest_if_wrong("record_sha256", "record")} AS columns
    FROM market.usage_events ORDER BY id::text COLLATE "C\""""  # noqa: S608

_FILINGS: Final = f"""
    SELECT id::text AS id, record, '[]'::jsonb AS signatures,
           {_digest_if_wrong("record_sha256", "record")} AS columns
    FROM market.pricing_filings WHERE record IS NOT NULL
    ORDER BY id::text COLLATE "C\""""  # noqa: S608

RECORDS: Final = (
    RecordTable("journal", _JOURNAL),
    RecordTable("period", _PERIODS),
    RecordTable("certificate", _CERTIFICATES, "shushi-certificate-v1"),
    RecordTable("technical_opinion", _TECHNICAL_OPINIONS),
    RecordTable("compliance_opinion", _COMPLIANCE_OPINIONS),
    RecordTable("issuance_authorisation", _AUTHORISATIONS),
    RecordTable("report", _REPORTS, "shushi/report/1"),
    RecordTable("contract", _CONTRACTS),
    RecordTable("usage", _USAGE),
    RecordTable("filing", _FILINGS),
    RecordTable("heads", _HEADS),
    RecordTable("timestamp", _TIMESTAMPS),
)


async def read(tx: Tx, sql: str) -> AsyncIterator[Row]:
    """Yield the rows of one of the statements above."""
    async for row in tx.cursor(sql):
        yield row
