"""Hand out the bundle of a subject (出具举证包): read it in one transaction, enter it in the log in another.

Between the two it is drawn up and signed, which takes seconds for a long order. What could not be
entered is not handed out.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import operations as audit_log
from catalog.audit_log import promising, published_keys
from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.model import PlacedEntry
from catalog.audit_log.promising import Backlog
from catalog.certificates import queries as certificates
from catalog.certificates.operations import faces
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing, Refused
from catalog.products import queries as products
from catalog.signing import queries as signing
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.subject_heads import queries as subject_heads
from catalog.subject_heads.model import SubjectEntries
from catalog.subject_heads.queries import HeadsNotPublished
from catalog.witnessing import queries as witnessing
from market.orders import queries as orders
from market.proof_bundles import binding, sealing, showing
from market.proof_bundles.model import (
    CertificatePapers,
    Gathered,
    GatheredBinding,
    GatheredEntry,
    Kind,
    OrderPapers,
    Shown,
)
from market.proof_bundles.operations import papers

#: An order with more has its entries in the log's own bundles [P].
MOST_ENTRIES: Final = 200_000
_MOST_BINDINGS: Final = 10_000
_PUBLISHER: Final = system("status_lists")


class ProofBundleTooLarge(Refused):
    """The subject has more entries than one file holds; whoever has the log has them."""

    code = "proof_bundle_too_large"


class Signers(msgspec.Struct, frozen=True, kw_only=True):
    """The keys with which a bundle is made, and under which address and name."""

    statement: Signer
    receipt: Signer
    credential: Signer
    status_list: Signer
    base: str
    origin: str


class Tree(msgspec.Struct, frozen=True):
    """The checkpoint under which everything in a bundle is proven."""

    size: int
    note: bytes
    is_witnessed: bool


async def gather(
    tx: Tx, *, actor: Actor, now: dt.datetime, kind: str, identifier: str, signers: Signers
) -> Gathered:
    """Return all that goes into the bundle of a subject, for whoever may have it.

    1. The subject is one's own, or one may see all of them.
    2. The checkpoint: the newest that witnesses saw, if heads lie under it; else the newest.
    3. Every entry about the subject below it, each with its proof, and the proof that these are all.
    4. What the entries bind: contract, price, licence, uses, ledger's lines, certificate.
    5. The entries that bind what other entries bind: keys, the price, the certificate.

    :raises NotPermitted: if the actor gets no bundles.
    :raises Missing: if there is no such subject, or it is not the actor's.
    :raises LogEmpty: if no checkpoint is signed yet.
    :raises HeadsNotPublished: if no heads lie under a checkpoint yet.
    :raises ProofBundleTooLarge: if it has more entries than one file holds.
    :raises ProofBundleNotReady: if something in it has no place under the checkpoint yet.
    """
    actor.require("proof_bundle:issue")
    subject = await _own_subject(tx, actor, kind, identifier)
    tree, proof = await _tree(tx, subject)
    async with beyond_own_rows(tx):  # which entries name a subject is public; payloads are not
        placed = await log.list_placed_about(tx, [subject], size=tree.size, limit=MOST_ENTRIES + 1)
    if len(placed) > MOST_ENTRIES:
        raise ProofBundleTooLarge(maximum=MOST_ENTRIES)
    leaves = [read_leaf(entry.leaf) for entry in placed]
    order = None
    if kind == Kind.ORDER:
        order = await papers.of_order(
            tx, actor=actor, order_id=uuid.UUID(identifier), leaves=leaves
        )
    number = identifier if kind == Kind.CERTIFICATE else binding.certificate_of(order)
    certificate = None
    if number is not None:
        certificate = await _certificate(tx, now, number, signers)
    keys = await _keys(tx, order, certificate, signers)
    named = None if number is None or certificate is None else (number, certificate)
    wanted = binding.wanted(order, named, keys)
    async with beyond_own_rows(tx):  # the leaves are public
        found = await log.list_placed_about(
            tx, wanted.subjects, size=tree.size, limit=_MOST_BINDINGS
        )
    return await _with_proofs(
        tx,
        actor=actor,
        now=now,
        subject=subject,
        tree=tree,
        placed=placed,
        bindings=binding.chosen(wanted, found, placed),
        origin=signers.origin,
        heads=proof,
        keys=published_keys.published(signers.origin, keys, await log.list_key_notices(tx)),
        order=order,
        certificate=certificate,
    )


async def enter(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    gathered: Gathered,
    parts: dict[str, bytes],
    signers: Signers,
    backlog: Backlog,
) -> dict[str, bytes]:
    """Enter a bundle that is drawn up in the log (登记举证包), each of its members by its digest.

    Return its members with that entry, and the receipt for it.

    :raises NotPermitted: if the actor gets no bundles.
    :raises LogBehind: if the log could not keep its promise in time.
    :raises LogStopped: if the log is stopped.
    """
    actor.require("proof_bundle:issue")
    promising.check(backlog, now)
    entry = await audit_log.append(
        tx,
        Event.PROOF_BUNDLE_ISSUED,
        actor=actor,
        now=now,
        # Not about the subject: reading what the log has about it does not become a part of it.
        subjects=[],
        facts={
            "subject": gathered.subject,
            "reader": gathered.reader,
            "entries": len(gathered.entries),
            "log_size": gathered.log_size,
        },
        digests=sealing.digests_of(parts),
        rules=("BJ-28", "SIX-4"),
    )
    receipt = audit_log.receipt(entry, signer=signers.receipt, log=signers.origin, now=now)
    return sealing.entered(parts, entry, receipt)


async def _own_subject(tx: Tx, actor: Actor, kind: str, identifier: str) -> str:
    """Return the subject's key.

    :raises Missing: if there is none of that kind and name, or it is not the actor's.
    """
    party = None if actor.sees_all else actor.party
    if kind == Kind.CERTIFICATE:
        certificate = await certificates.find(tx, identifier)
        is_there = certificate is not None and (
            actor.sees_all or certificate.registrant_party_id == party
        )
    elif kind == Kind.ORDER:
        await orders.get_order(tx, viewer=actor, order_id=_uuid(identifier))
        is_there = True
    elif kind == Kind.PRODUCT:
        product = await products.find(tx, product_id=_uuid(identifier))
        is_there = product is not None and (actor.sees_all or product.supplier_party_id == party)
    else:
        is_there = kind in (Kind.BUYER, Kind.SUPPLIER) and (
            actor.sees_all or _uuid(identifier) == party
        )
    if not is_there:
        raise Missing
    return f"{kind}:{identifier}"


def _uuid(text: str) -> uuid.UUID:
    try:
        found = uuid.UUID(text)
    except ValueError as error:
        raise Missing from error
    if str(found) != text:  # the log knows it by one spelling
        raise Missing
    return found


async def _tree(tx: Tx, subject: str) -> tuple[Tree, SubjectEntries]:
    published = await log.get_checkpoint(tx)
    trees = [Tree(published.size, published.note, is_witnessed=False)]
    witnessed = await witnessing.find_witnessed(tx)
    if witnessed is not None:
        trees.insert(0, Tree(*witnessed, is_witnessed=True))
    for tree in trees:
        proof = await subject_heads.prove_under(tx, subject=subject, size=tree.size, note=tree.note)
        if proof is not None:
            return tree, proof
    raise HeadsNotPublished


async def _certificate(
    tx: Tx, now: dt.datetime, number: str, signers: Signers
) -> CertificatePapers:
    """Return the certificate, signed anew as a credential, and the list as the register is now."""
    async with beyond_own_rows(tx):  # certificates and status lists are public
        token = await faces.credential(
            tx, now=now, signer=signers.credential, number=number, base=signers.base
        )
        listed = await faces.publish_list(
            tx,
            actor=_PUBLISHER,
            now=now,
            signer=signers.status_list,
            list_number=await certificates.get_list_number(tx, number),
            base=signers.base,
            name=signers.origin,
        )
        file = await certificates.get_file(tx, number)
    return CertificatePapers(file=file, credential=token, status_list=listed)


async def _keys(
    tx: Tx, order: OrderPapers | None, certificate: CertificatePapers | None, signers: Signers
) -> list[PublicKey]:
    """Return the keys that signed something in the bundle, the log's own among them."""
    named: set[str] = {signers.statement.key_id, signers.receipt.key_id}
    if order is not None and order.contract is not None:
        named |= {each.signature.key_id for each in order.contract.signatures}
    if certificate is not None:
        named |= {signers.credential.key_id, signers.status_list.key_id}
        named.add(binding.signed_by(certificate))
    return [
        key
        for key in await signing.list_public_keys(tx)
        if key.key_id in named
        or (key.purpose is Purpose.CHECKPOINT and key.holder_party_id is None)
    ]


async def _with_proofs(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    subject: str,
    tree: Tree,
    placed: list[PlacedEntry],
    bindings: list[PlacedEntry],
    origin: str,
    heads: SubjectEntries,
    keys: export.Keys,
    order: OrderPapers | None,
    certificate: CertificatePapers | None,
) -> Gathered:
    indexes = [entry.index for entry in (*placed, *bindings)]
    proofs = await log.prove_inclusions(tx, indexes, tree.size)
    return Gathered(
        subject=subject,
        reader=showing.reader_of(actor),
        drawn_up_at=now,
        checkpoint=tree.note,
        log_size=tree.size,
        is_witnessed=tree.is_witnessed,
        origin=origin,
        entries=tuple(_shown(placed, actor, {i: p.hashes for i, p in proofs.items()})),
        heads=heads,
        bindings=tuple(
            GatheredBinding(index=each.index, leaf=each.leaf, proof=proofs[each.index].hashes)
            for each in bindings
        ),
        keys=keys,
        order=order,
        certificate=certificate,
    )


def _shown(
    placed: list[PlacedEntry], viewer: Actor, proofs: dict[int, tuple[bytes, ...]]
) -> Iterable[GatheredEntry]:
    for entry in placed:
        state = showing.state_of(entry, viewer)
        is_shown = state is Shown.SHOWN
        yield GatheredEntry(
            index=entry.index,
            leaf=entry.leaf,
            proof=proofs[entry.index],
            state=state,
            salt=entry.salt if is_shown else None,
            payload=entry.payload if is_shown else None,
        )
