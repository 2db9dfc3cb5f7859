"""Check a proof bundle offline, in one go (举证包核验). See FORMAT.md.

1. The archive is safe, and has the members that its manifest names, no more and no fewer.
2. The checkpoint is signed by the log, and witnessed where a policy demands it.
3. Every entry is under it, in order, once; what it is said to say is what it commits to; the heads
   show that these are all, and the uses are numbered without a gap.
4. Keys, contract, price, licence, uses, statement, ledger's lines and certificate have the digests that
   proven entries hold, and the signatures of their own keys.
5. The bill is computed again, to the fen.
6. Every member is the one that was signed, and the one that the log knows of this bundle.
"""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import further_lines, handed_out, key_chain, proven_log
from catalog.audit_log.checkpoint import (
    Checkpoint,
    VerifierKey,
    VerifierKeyMalformed,
    open_checkpoint,
    parse_vkey,
)
from catalog.audit_log.key_chain import KeyChain
from catalog.audit_log.verdict import Fault, Findings, Verdict
from catalog.kernel.errors import DomainError
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import Signature
from catalog.witnessing import policy as policies
from catalog.witnessing.policy import Policy
from market.proof_bundles import (
    archive,
    check_certificate,
    check_entries,
    check_order,
    check_whole,
)
from market.proof_bundles.drawing_up import sums_of
from market.proof_bundles.model import (
    ALWAYS,
    CHECKPOINT,
    ENVELOPE,
    FORMAT,
    KEYS,
    MANIFEST,
    NAMES,
    OF_A_CERTIFICATE,
    OF_A_CONTRACT,
    OF_AN_ORDER,
    SIGNATURE,
    SUMS,
    BundleSignature,
    Kind,
    Manifest,
)
from market.proof_bundles.reading import Bundle, Unread, both

COUNTED: Final = "bundle"


class Opened(msgspec.Struct, frozen=True):
    """A checkpoint, and the key of the log that signed it."""

    checkpoint: Checkpoint
    key: VerifierKey


def check(
    raw: bytes,
    *,
    keys: export.Keys | None = None,
    trusted: VerifierKey | None = None,
    policy: Policy | None = None,
    log: export.Source | None = None,
) -> Verdict:
    """Return what is found in a bundle; the first thing wrong comes first.

    ``keys`` are the service's as the checker has them, ``trusted`` the log's key, ``policy`` whose logs
    count and which witnesses must have seen them, ``log`` the log itself, in which the entry of the bundle
    must be. Without any the bundle's own word is taken for the keys, and the verdict says so.

    :raises ArchiveRefused: if it is no archive that is safe to look into.
    """
    parts = archive.unpack(raw)
    return check_parts(parts, keys=keys, trusted=trusted, policy=policy, log=log)


def check_parts(
    parts: dict[str, bytes],
    *,
    keys: export.Keys | None = None,
    trusted: VerifierKey | None = None,
    policy: Policy | None = None,
    log: export.Source | None = None,
) -> Verdict:
    """Return what is found in the members of a bundle."""
    found = Findings()
    try:
        _check(found, parts, keys, trusted, policy, log)
    except Unread as unread:
        found.bad("member", unread.member, unread.reason, Fault.MALFORMED)
    return found.verdict()


def _check(  # noqa: PLR0917
    found: Findings,
    parts: dict[str, bytes],
    keys: export.Keys | None,
    trusted: VerifierKey | None,
    policy: Policy | None,
    log: export.Source | None,
) -> None:
    bundle = Bundle(parts)
    manifest = bundle.decoded(MANIFEST, Manifest)
    if manifest.format != FORMAT:
        raise Unread(MANIFEST, both("格式未知", f"the format {manifest.format} is not known"))
    found.count(COUNTED)
    if not _has_its_members(found, parts, manifest):
        return
    told = bundle.decoded(KEYS, export.Keys, exactly=True)
    known = _keys(found, told, keys)
    opened = _checkpoint(found, parts[CHECKPOINT], known, trusted, policy)
    if opened is None:
        return
    if told.log not in _names(opened.key):
        reason = both(
            "所列日志公钥不是签署检查点的公钥", "it is not the key that signed the checkpoint"
        )
        found.bad("key", "log", reason, Fault.KEY_UNKNOWN)
    _compare_manifest(found, manifest, opened.checkpoint)
    proven = check_entries.check(found, bundle, manifest, opened.checkpoint, opened.key)
    check_entries.check_keys(found, told, proven)
    if manifest.subject.startswith(f"{Kind.ORDER}:"):
        check_order.check(found, bundle, manifest, proven, known)
    if set(OF_A_CERTIFICATE) <= parts.keys():
        check_certificate.check(found, bundle, manifest, proven, known)
    _check_members(found, bundle, manifest, known)
    held = None if log is None else (log, opened.key)
    check_whole.check(found, bundle, known, held, opened.checkpoint.origin)


def _has_its_members(found: Findings, parts: dict[str, bytes], manifest: Manifest) -> bool:
    """Tell whether the archive has exactly what the manifest names, and what such a bundle has."""
    named = [member.name for member in manifest.members]
    for name in (name for name in named if name not in parts):
        reason = both("清单列出的成员缺失", "the manifest names it, and it is missing")
        found.bad("member", name, reason, Fault.MEMBER_MISSING)
    for name in (name for name in parts if name not in (*named, *ENVELOPE)):
        reason = both("清单没有列出的成员", "the manifest does not name it")
        found.bad("member", name, reason, Fault.MEMBER_STRANGE)
    needed = set(ALWAYS)
    if manifest.subject.startswith(f"{Kind.ORDER}:"):
        needed |= set(OF_AN_ORDER)
    for group in (OF_A_CONTRACT, OF_A_CERTIFICATE):
        if parts.keys() & set(group):
            needed |= set(group)
    for name in sorted(needed - parts.keys() - set(named)):
        reason = both("这类举证包必有的成员缺失", "every such bundle has it, and it is missing")
        found.bad("member", name, reason, Fault.MEMBER_MISSING)
    for name in (name for name in parts if name not in NAMES):
        reason = both("举证包没有这样的成员", "no bundle has such a member")
        found.bad("member", name, reason, Fault.MEMBER_STRANGE)
    is_doubled = len(set(named)) < len(named)
    if is_doubled:
        reason = both("清单两次列出同一成员", "the manifest names a member twice")
        found.bad("member", MANIFEST, reason, Fault.MALFORMED)
    return not found.problems


def _keys(found: Findings, told: export.Keys, own: export.Keys | None) -> export.Keys:
    """Return the keys to check with: the checker's own, with which those of the bundle must agree."""
    if own is None:
        found.note(
            both(
                "公钥取自举证包本身；以 --keys、--vkey 或 --policy 给出您自己获知的公钥",
                "the keys come from the bundle itself; give --keys, --vkey or --policy with your own",
            )
        )
        return told
    rows = {row.key_id: row for row in own.keys}
    for row in told.keys:
        mine = rows.get(row.key_id)
        if mine is None or (mine.public_key, mine.purpose, mine.holder_party_id) != (
            row.public_key,
            row.purpose,
            row.holder_party_id,
        ):
            reason = both("与您给出的公钥不一致", "it is not among the keys that you gave")
            found.bad("key", row.key_id, reason, Fault.KEY_UNKNOWN)
    return own


def _checkpoint(
    found: Findings,
    note: bytes,
    keys: export.Keys,
    trusted: VerifierKey | None,
    policy: Policy | None,
) -> Opened | None:
    """Return the checkpoint as the log's key signed it; tell what is wrong if it did not."""
    if policy is not None:
        return _witnessed(found, note, policy, keys, trusted)
    try:
        key = key_chain.followed(trusted or parse_vkey(keys.log or ""), keys)
    except VerifierKeyMalformed as error:
        reason = both("日志公钥不合格式", f"the log's key is malformed: {error.facts['reason']}")
        found.bad("key", "log", reason, Fault.MALFORMED)
        return None
    checkpoint = proven_log.opened(found, note, key, CHECKPOINT)
    if checkpoint is not None:
        further_lines.check(found, note, further_lines.further_keys(keys, key.name), CHECKPOINT)
        found.note(
            both(
                "没有给出见证策略：日志未被改写只由其自身签名保证；以 --policy 要求见证人",
                "no policy is given: that the log was not rewritten is its own word; ask witnesses by --policy",
            )
        )
    return None if checkpoint is None else Opened(checkpoint, key)


def _witnessed(
    found: Findings,
    note: bytes,
    policy: Policy,
    keys: export.Keys,
    trusted: VerifierKey | None,
) -> Opened | None:
    """Return the checkpoint if it meets the policy; tell what is wrong if it does not."""
    try:
        met = policies.check(policy, note)
    except policies.QuorumMissing as error:
        seen = ", ".join(error.facts["cosigned"]) or "nobody"
        reason = both(
            "见证人未达法定数", f"the quorum {error.facts['quorum']} is missing; cosigned by {seen}"
        )
        found.bad("checkpoint", CHECKPOINT, reason, Fault.QUORUM_MISSING)
    except policies.LogNotInPolicy as error:
        reason = both(
            "不是策略中的日志所签", f"no log of the policy signed it ({error.facts['origin']})"
        )
        found.bad("checkpoint", CHECKPOINT, reason, Fault.OTHER_LOG)
    except DomainError as error:
        told = " ".join(str(fact) for fact in (error.code, *error.facts.values()))
        found.bad("checkpoint", CHECKPOINT, both("签名行不成立", told), Fault.SIGNATURE_WRONG)
    else:
        signed = [log.key for log in policy.logs if open_checkpoint(note, log.key) is not None]
        key = key_chain.followed(trusted or signed[0], keys)
        if proven_log.opened(found, note, key, CHECKPOINT) is None:
            return None
        found.count("witnesses", len(met.cosigned))
        further_lines.check(found, note, further_lines.further_keys(keys, key.name), CHECKPOINT)
        return Opened(met.checkpoint, key)
    return None


def _names(key: VerifierKey) -> set[str]:
    """Return under which keys the log is known through this one."""
    periods = key.periods if isinstance(key, KeyChain) else ()
    known = (key, *(period.key for period in periods))
    return {str(VerifierKey(each.name, each.public_key)) for each in known}


def _compare_manifest(found: Findings, manifest: Manifest, checkpoint: Checkpoint) -> None:
    if (manifest.log, manifest.log_size) != (checkpoint.origin, checkpoint.size):
        reason = both(
            "清单所载日志或大小与检查点不同", "it names another log or size than the checkpoint"
        )
        found.bad("member", MANIFEST, reason, Fault.CONTENT_DIFFERS)


def _check_members(found: Findings, bundle: Bundle, manifest: Manifest, keys: export.Keys) -> None:
    """Compare every member with the manifest, and the manifest with its signature."""
    for member in manifest.members:
        raw = bundle.parts[member.name]
        if (sha256_hex(raw), len(raw)) != (member.sha256, member.size_bytes):
            reason = both("与已签名的清单不符", "it is not the one that was signed")
            found.bad("member", member.name, reason, Fault.MEMBER_DIFFERS)
        else:
            found.count("members")
    if bundle.parts[SUMS] != sums_of(bundle.parts):
        reason = both("与成员不符", "it does not have the sums of the members")
        found.bad("member", SUMS, reason, Fault.CONTENT_DIFFERS)
    raw = bundle.parts[MANIFEST]
    if canonical(manifest) != raw:
        reason = both("不是规范形式", "it is not in its canonical form")
        found.bad("member", MANIFEST, reason, Fault.MALFORMED)
    signature = bundle.decoded(SIGNATURE, BundleSignature, exactly=True)
    if signature.type != FORMAT:
        reason = both("格式未知", f"the format {signature.type} is not known")
        found.bad("member", SIGNATURE, reason, Fault.MALFORMED)
    by = Signature(signature.key_id, signature.value, signature.algorithm)
    handed_out.check_signature(found, keys, "statement", MANIFEST, raw, by)
    handed_out.check_trusted(found, keys, "statement", MANIFEST, by, None)
