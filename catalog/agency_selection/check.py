"""Check the draw of a panel offline (评审专家抽取记录核验): anybody computes it again with the log's key.

1. The commitment has its digest; the entry that opened the bids holds it and is under the checkpoint.
2. The seed is that of commitment and checkpoint; the experts are those that it draws.
3. Whoever stood aside was drawn, and was replaced by whom the seed names.
4. The checkpoint is the first over the commitment: it names the one that was signed before it.
5. The entry that closed the evaluation holds the digest of exactly these recusals.
"""

from __future__ import annotations

import msgspec

from catalog.agency_selection import panel
from catalog.agency_selection.model import PanelDrawRecord
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.draws import check as draws
from catalog.draws.seats import seed_of


def read(raw: bytes) -> PanelDrawRecord:
    """Return the draw that an answer of the service holds.

    :raises Unreadable: if it is none.
    """
    try:
        return msgspec.json.decode(raw, type=PanelDrawRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"no record of a panel's draw: {error}") from error


def check(record: PanelDrawRecord, log_key: VerifierKey) -> Verdict:
    """Return what is found; the first thing wrong comes first."""
    found = Findings()
    found.count("draw")
    name = record.commitment.selection_id
    if panel.commitment_sha256(record.commitment) != record.commitment_sha256:
        reason = "its commitment is not the one that was committed"
        found.bad("draw", name, reason, Fault.NOT_BOUND)
    entry = draws.proven(found, name, record.committed, log_key)
    if entry is None:
        return found.verdict()
    root, leaf = entry
    if draws.digests(leaf, panel.COMMITTED, name) != [record.commitment_sha256]:
        found.bad("draw", name, "the entry does not hold its commitment", Fault.NOT_BOUND)
    seed = seed_of(record.commitment_sha256, root)
    if seed.hex() != record.seed:
        found.bad("draw", name, "its seed is not that of commitment and checkpoint")
    if panel.with_recusals(seed, record.commitment, record.recusals) != record.experts:
        found.bad("draw", name, "its experts are not those that the seed draws")
    else:
        found.count("experts drawn again", len(record.experts))
    draws.check_first(found, name, record.committed, record.before, log_key)
    _check_recusals(found, record, log_key)
    return found.verdict()


def _check_recusals(found: Findings, record: PanelDrawRecord, log_key: VerifierKey) -> None:
    name = record.commitment.selection_id
    if record.concluded is None:
        found.note("who stood aside is sealed when the bids are ranked; this record is older")
        return
    entry = draws.proven(found, name, record.concluded, log_key)
    if entry is None:
        return
    if draws.digests(entry[1], panel.RECUSALS, name) != [panel.recusals_sha256(record.recusals)]:
        reason = "its recusals are not those that were sealed when the bids were ranked"
        found.bad("draw", name, reason, Fault.NOT_BOUND)
    else:
        found.count("recusals sealed", len(record.recusals))
