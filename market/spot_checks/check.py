"""Check a draw offline (抽取记录核验): anybody computes it again, with the log's key and nothing else.

1. The commitment has its digest, and the population the digest that was committed.
2. The entry holds that digest, and is by its proof under the signed checkpoint.
3. That checkpoint is the first over the entry.
4. The seed is that of commitment and checkpoint; cases and inspectors are those that it draws.
5. Whoever stood aside was drawn, and was replaced by whom the seed names.
6. The entry that concluded the check holds the digest of exactly these recusals.
"""

from __future__ import annotations

import msgspec

from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.draws import check as draws
from catalog.draws.seats import seed_of
from catalog.signing.canonical import sha256_hex
from market.spot_checks import drawing
from market.spot_checks.model import DrawRecord


def read(raw: bytes) -> DrawRecord:
    """Return the draw that an answer of the service holds.

    :raises Unreadable: if it is none.
    """
    try:
        return msgspec.json.decode(raw, type=DrawRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"no record of a draw: {error}") from error


def check(record: DrawRecord, log_key: VerifierKey) -> Verdict:
    """Return what is found; the first thing wrong comes first."""
    found = Findings()
    found.count("draw")
    if record.format != drawing.FORMAT:
        found.bad("draw", record.commitment.spot_check_id, "it is of another format")
    commitment, name = record.commitment, record.commitment.spot_check_id
    told = {
        "commitment": sha256_hex(drawing.commitment_bytes(commitment)) == record.commitment_sha256,
        "population": (
            drawing.population_sha256(record.population) == commitment.population_sha256
            and len(set(record.population)) == len(record.population) == commitment.population_size
        ),
    }
    for what, is_so in told.items():
        if not is_so:
            reason = f"its {what} is not the one that was committed"
            found.bad("draw", name, reason, Fault.NOT_BOUND)
    root = _committed_root(found, record, log_key)
    if root is None:
        return found.verdict()
    seed = seed_of(record.commitment_sha256, root)
    if seed.hex() != record.seed:
        found.bad("draw", name, "its seed is not that of commitment and checkpoint")
    if drawing.draw_cases(seed, record.population, commitment.sample_size) != record.cases:
        found.bad("draw", name, "its cases are not those that the seed draws")
    else:
        found.count("cases drawn again", len(record.cases))
    if drawing.with_recusals(seed, commitment, record.recusals) != record.inspectors:
        found.bad("draw", name, "its inspectors are not those that the seed draws")
    else:
        found.count("inspectors drawn again", len(record.inspectors))
    draws.check_first(found, name, record.planned, record.before, log_key)
    _check_recusals(found, record, log_key)
    return found.verdict()


def _committed_root(found: Findings, record: DrawRecord, log_key: VerifierKey) -> bytes | None:
    name = record.commitment.spot_check_id
    proven = draws.proven(found, name, record.planned, log_key)
    if proven is None:
        return None
    root, leaf = proven
    if draws.digests(leaf, "spot_check", name) != [record.commitment_sha256]:
        found.bad("draw", name, "the entry does not hold its commitment", Fault.NOT_BOUND)
    return root


def _check_recusals(found: Findings, record: DrawRecord, log_key: VerifierKey) -> None:
    name = record.commitment.spot_check_id
    if record.concluded is None:
        found.note("who stood aside is sealed when the check is concluded; this record is older")
        return
    proven = draws.proven(found, name, record.concluded, log_key)
    if proven is None:
        return
    sealed = draws.digests(proven[1], drawing.RECUSALS, name)
    if sealed != [drawing.recusals_sha256(record.recusals)]:
        reason = "its recusals are not those that were sealed when it was concluded"
        found.bad("draw", name, reason, Fault.NOT_BOUND)
    else:
        found.count("recusals sealed", len(record.recusals))
