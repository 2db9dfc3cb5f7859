"""Make the whole life of an order in memory, its log with it, genuine to the last byte (举证包测试)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from catalog.audit_log import export_format as export
from catalog.audit_log import merkle, published_keys, receipts
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.events import Event
from catalog.audit_log.key_record import key_record
from catalog.audit_log.leaf import commitment, instant, leaf_bytes, payload_bytes, read_leaf
from catalog.audit_log.model import Appended, Digest, EntryId, PlacedEntry, Subject
from catalog.audit_log.sequencer.operations.publishing import LogSigner
from catalog.certificates import credential, status_list
from catalog.certificates.credential import Place
from catalog.certificates.format import document_bytes, pack
from catalog.certificates.states import State as Standing
from catalog.draws.model import ProvenEntry
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.ids import AccountId, PartyId
from catalog.products.model import AiShare, Content, DeliveryMode, MeteringUnit
from catalog.signing import jws
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.subject_heads import heads
from catalog.subject_heads.model import ENTRIES, HEADS, SubjectEntries
from market.access.licences import digest_of, licence_of
from market.access.model import Grant, GrantId, Scope
from market.access.states import State as GrantState
from market.orders import contract
from market.orders.model import ContractSignature, Order, OrderId, Side
from market.orders.shares import owed_tax
from market.orders.states import State
from market.orders.terms import RequestedTerms
from market.pricing.compute import price_fen
from market.pricing.model import Charge, PlanTax, PriceItem, Regime, Terms
from market.proof_bundles import binding, sealing, showing
from market.proof_bundles.model import (
    CertificatePapers,
    ContractPapers,
    Gathered,
    GatheredBinding,
    GatheredEntry,
    OrderPapers,
    Shown,
)
from market.usage.metering import FIRST
from market.usage.model import Outcome, UsageEvent, UsageId
from settlement.ledger.accounts import clearing_of, escrow_of, refund_owed_to
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.money import Bps, Fen
from settlement.revenue.agreement import freeze
from settlement.revenue.split import Method, Role, Share
from tests.log_of_tests import ORIGIN, signer_of
from tests.pure.test_certificates_format import make_document

BASE = "https://market.example"
START = dt.datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=dt.UTC)
QUANTITY = 1_000
ITEM = PriceItem(
    code="per_call", charge=Charge.PER_UNIT, unit=MeteringUnit.API_CALL, unit_price_fen=12_345
)


class OrderInMemory:
    """One order from the filed price to the release, among the entries of others.

    ``number`` makes everything of another order, ``steps`` how far it comes.
    """

    def __init__(
        self,
        uses: int = 6,
        *,
        number: int = 1,
        others: int = 40,
        release: str = "release",
        quantity: int = QUANTITY,
        unit_price_fen: int = 12_345,
        log_signer: Signer | None = None,
        later: int = 0,
        hidden: Iterable[int] = (),
        miscounted: int = 0,
        is_certified: bool = True,
        is_contracted: bool = True,
        is_delivered: bool = True,
        binds_licence: bool = True,
        sides: Mapping[Side, Signer] | None = None,
        tax: PlanTax | UnsetType = UNSET,
        **changed: Callable[[Any], None],
    ) -> None:
        self.changed = changed
        self.binds_licence = binds_licence
        self.is_contracted, self.is_delivered = is_contracted, is_delivered
        self.number = number
        self._next = number * 1_000_000
        self.now = START
        self.leaves: list[bytes] = []
        self.rows: list[tuple[uuid.UUID | None, bytes | None, bytes | None]] = []
        self.item = msgspec.structs.replace(ITEM, unit_price_fen=unit_price_fen, tax=tax)
        self.quantity = quantity
        self.hidden = frozenset(hidden)
        self.miscounted = miscounted
        self.is_certified = is_certified
        self.usage: list[tuple[UsageEvent, bytes, uuid.UUID]] = []
        self.journal: list[Entry] = []
        ids = [self.id() for _ in range(8)]
        self.order_id, self.product_id, self.buyer, self.supplier = ids[:4]
        self.grant_id, self.filing_id, self.platform, self.other = ids[4:]
        self.log_signer = log_signer or signer_of(Purpose.CHECKPOINT)
        self.statement = signer_of(Purpose.STATEMENT)
        self.receipt = signer_of(Purpose.RECEIPT)
        self.signers = {
            purpose: signer_of(purpose)
            for purpose in (Purpose.CERTIFICATE, Purpose.CREDENTIAL, Purpose.STATUS_LIST)
        }
        self.sides = sides or {
            Side.BUYER: signer_of(Purpose.CONTRACT, f"buyer {number}"),
            Side.SUPPLIER: signer_of(Purpose.CONTRACT, f"supplier {number}"),
        }
        self.keys: list[PublicKey] = []
        self._noise(others // 2)
        self._register()
        self._file_price()
        self._certify()
        self._contract()
        if is_delivered:
            self._deliver()
        self._use(uses, others)
        if release:
            self._settle(release)
        self._publish_heads()
        self._use(later, 0)
        self._noise(2)

    # ── the log ──

    def id(self) -> uuid.UUID:
        self._next += 1
        return uuid.UUID(int=(7 << 76) + (2 << 62) + self._next)

    def append(
        self,
        event: str,
        subjects: Iterable[str],
        digests: tuple[Digest, ...] = (),
        *,
        order_seq: int | None = None,
        facts: Any = None,
        party: uuid.UUID | None = None,
        entry_id: uuid.UUID | None = None,
    ) -> int:
        self.now += dt.timedelta(seconds=1)
        entry = EntryId(entry_id or self.id())
        salt = sha256_hex(entry.bytes)[:16].encode()
        payload = payload_bytes(actor_of(party), facts=facts)
        leaf = leaf_bytes(
            entry,
            self.now,
            event,
            subjects=[Subject(*each.split(":", 1)) for each in subjects],
            payload_sha256=commitment(salt, payload),
            digests=digests,
            rules=("BJ-27",),
            order_seq=order_seq,
        )
        self.leaves.append(leaf)
        self.rows.append((party, salt, payload))
        return len(self.leaves) - 1

    def _noise(self, count: int) -> None:
        for place in range(count):
            other = f"order:{uuid.UUID(int=10**12 + place % 7)}"
            self.append("order:placed", [other, f"product:{self.other}"])

    def _said(self, name: str, record: bytes) -> bytes:
        """Return a record as its test changes it before it is entered."""
        if name not in self.changed:
            return record
        told = msgspec.json.decode(record)
        self.changed[name](told)
        return canonical(told)

    def about(self, *further: str) -> list[str]:
        return [f"order:{self.order_id}", f"product:{self.product_id}", *further]

    # ── what happens ──

    def _register(self) -> None:
        service = [self.log_signer, self.statement, self.receipt, *self.signers.values()]
        held: list[tuple[Signer, uuid.UUID | None]] = [(signer, None) for signer in service]
        held += [
            (self.sides[Side.BUYER], self.buyer),
            (self.sides[Side.SUPPLIER], self.supplier),
        ]
        for signer, holder in held:
            key = PublicKey(
                signer.key_id,
                signer.purpose,
                signer.public_key,
                START,
                holder_party_id=None if holder is None else PartyId(holder),
                algorithm=signer.algorithm,
            )
            self.keys.append(key)
            digest = Digest("key", key.key_id, sha256_hex(key_record(key)))
            self.append("key:registered", [f"key:{key.key_id}"], (digest,))

    def _file_price(self) -> None:
        terms = Terms(
            product_id=self.product_id,
            price_items=(self.item,),
            pricing_regime=Regime.MARKET_AUTONOMOUS,
            effective_from=START.date(),
        )
        told = {"format": "shushi/pricing-filing/1", "id": self.filing_id, "terms": terms}
        self.filing = self._said("filing", canonical(told))
        digest = Digest("filing", str(self.filing_id), sha256_hex(self.filing))
        self.append(
            "pricing:recorded",
            [f"filing:{self.filing_id}", f"product:{self.product_id}"],
            (digest,),
        )

    def _certify(self) -> None:
        self.document = document_bytes(make_document())
        self.certificate = str(msgspec.json.decode(self.document)["registration_number"])
        digest = Digest("certificate", self.certificate, sha256_hex(self.document))
        self.append("certificate:issued", [f"certificate:{self.certificate}"], (digest,))

    def _contract(self) -> None:
        amount = price_fen(self.item, self.quantity)
        shares = [
            (self.platform, Role.PLATFORM, 500),
            (self.other, Role.TREASURY, 300),
            (self.supplier, Role.RIGHT_HOLDER, 6_133),
            (self.buyer, Role.RIGHT_HOLDER, 3_067),
        ]
        order = Order(
            id=OrderId(self.order_id),
            number=f"DD-2026-{self.number:08d}",
            state=State.CLEARED,
            buyer_party_id=PartyId(self.buyer),
            supplier_party_id=PartyId(self.supplier),
            product_id=self.product_id,
            product_name="港口气象风险",
            product_version=1,
            level=None,
            listing_id=self.other,
            filing_id=self.filing_id,
            filing_number="JGBA-2026-000001",
            price_item=self.item,
            quantity=self.quantity,
            amount_fen=amount,
            purpose="港口吊装作业停工判断",
            scenario="port_safety",
            use_category=None,
            delivery_mode=DeliveryMode.DATASET_PRODUCT,
            terms=RequestedTerms(
                provider_responsibility="供方负责", receiver_responsibility="需方负责"
            ),
            version=1,
            placed_at=self.now,
            updated_at=self.now,
        )
        self.placed_at = self.now
        self.append("order:placed", self.about(), party=self.buyer)
        self.contract = b""
        if not self.is_contracted:
            return
        self.split = freeze(
            version="order-split/1",
            frozen_at=self.now,
            shares=tuple(
                Share(party_id=party, role=role, method=Method.PROFIT_SHARING, share_bps=Bps(bps))
                for party, role, bps in shares
            ),
            tax=owed_tax(self.item.tax, PartyId(self.supplier)),
        )
        self.amount = amount
        self.contract = contract.document(
            order,
            Content(
                version=1,
                sha256="ab" * 32,
                size_bytes=1_024,
                media_type="text/csv",
                file_name="a.csv",
                attached_at=self.now,
                file_id=self.other,
            ),
            self.split,
            parties={Side.BUYER: "买方公司", Side.SUPPLIER: "卖方公司"},
            certificate_number=self.certificate if self.is_certified else None,
            ai_generated=AiShare.NONE,
            drafted_at=self.now,
        )
        self.contract = self._said("contract", self.contract)
        digest = Digest("contract", str(self.order_id), sha256_hex(self.contract))
        self.append("order:cleared", self.about(), (digest,))
        self.signatures = []
        for side, party in ((Side.BUYER, self.buyer), (Side.SUPPLIER, self.supplier)):
            self.append("contract:signed", self.about(), (digest,), party=party)
            self.signatures.append(
                ContractSignature(
                    side=side,
                    party_id=PartyId(party),
                    signature=self.sides[side].seal(self.contract),
                    signed_at=self.now,
                )
            )
        self._book(Kind.PAY_IN, transfer(clearing_of("sandbox"), [self._all_to_escrow()]))

    def _all_to_escrow(self) -> Leg:
        return Leg(escrow_of(self.order_id), self.amount)

    def _deliver(self) -> None:
        self.grant = Grant(
            id=GrantId(self.grant_id),
            order_id=self.order_id,
            buyer_party_id=PartyId(self.buyer),
            supplier_party_id=PartyId(self.supplier),
            product_id=self.product_id,
            product_version=1,
            content_sha256="ab" * 32,
            content_size_bytes=1_024,
            media_type="text/csv",
            file_name="a.csv",
            fingerprint_id="22" * 16,
            scope=Scope(
                purpose="港口吊装作业停工判断",
                scenario="port_safety",
                delivery_mode=DeliveryMode.DATASET_PRODUCT,
                quota=self.quantity,
                valid_from=self.now,
                valid_to=self.now + dt.timedelta(days=365),
            ),
            state=GrantState.ACTIVE,
            used=0,
            order_seq=0,
            last_record_sha256=FIRST,
            created_at=self.now,
        )
        about = [f"grant:{self.grant_id}", f"order:{self.order_id}"]
        self.append("grant:created", about, (digest_of(self.grant),) if self.binds_licence else ())

    def _use(self, count: int, others: int) -> None:
        every = max(count // max(others // 2, 1), 1)
        for _ in range(count):
            place = len(self.usage) + 1
            is_allowed = place % 5 != 3
            event = UsageEvent(
                id=UsageId(self.id()),
                order_id=self.order_id,
                order_seq=place,
                grant_id=self.grant_id,
                product_id=self.product_id,
                product_version=1,
                buyer_party_id=PartyId(self.buyer),
                supplier_party_id=PartyId(self.supplier),
                actor="buyer",
                scenario="port_safety",
                purpose="港口吊装作业停工判断" if is_allowed else "营销",
                mode="dataset_product",
                level=None,
                fields=(),
                bytes=1024 if is_allowed else 0,
                result_sha256="ab" * 32 if is_allowed else None,
                fingerprint_id="22" * 16,
                request_key=f"request-{place - (place % 7 == 2)}",
                decision=Outcome.ALLOW if is_allowed else Outcome.DENY,
                reasons=() if is_allowed else ("purpose_mismatch",),
                price_units=int(is_allowed and not self._is_repeated(place))
                if place != self.miscounted
                else 7,
                at=instant(self.now + dt.timedelta(seconds=1)),
                prev_sha256=sha256_hex(self.usage[-1][1]) if self.usage else FIRST,
            )
            record, entry_id = canonical(event), self.id()
            self.usage.append((event, record, entry_id))
            self.append(
                Event.DATA_ACCESSED if is_allowed else Event.DATA_DENIED,
                self.about(
                    f"grant:{self.grant_id}", f"buyer:{self.buyer}", f"supplier:{self.supplier}"
                ),
                (Digest("usage", str(event.id), sha256_hex(record)),),
                order_seq=place,
                facts=self.facts_of(event),
                party=self.buyer,
                entry_id=entry_id,
            )
            if place % every == 0 and others:
                self._noise(1)

    def facts_of(self, event: UsageEvent) -> dict[str, Any]:
        told = {"units": event.price_units, "decision": event.decision}
        if "facts" in self.changed:
            self.changed["facts"](told)
        return told

    def _is_repeated(self, place: int) -> bool:
        return place % 7 == 2 and (place - 1) % 5 != 3

    def _settle(self, how: str) -> None:
        self.append("delivery:accepted", self.about(), party=self.buyer)
        escrow = escrow_of(self.order_id)
        if how == "refund":
            owed = [Leg(refund_owed_to(self.buyer), self.amount)]
            self._book(Kind.REFUND, transfer(escrow, owed))
        else:
            self._book(Kind.RELEASE, transfer(escrow, self.split.credits(Fen(self.amount))))

    def _book(self, kind: Kind, legs: tuple[Leg, ...]) -> None:
        entry = Entry(
            key=self.id(),
            kind=kind,
            legs=legs,
            booked_at=self.now,
            value_on=self.now.date(),
            rule_version="escrow/1",
            order_id=self.order_id,
        )
        self.journal.append(entry)
        digest = Digest("journal", str(entry.key), entry.digest().hex())
        self.append("journal:posted", [f"journal:{entry.key}", f"order:{self.order_id}"], (digest,))

    def _publish_heads(self) -> None:
        """Publish the heads; what is ``hidden`` is left out of them, as whoever owns the log could."""
        shown = [(i, leaf) for i, leaf in enumerate(self.leaves) if i not in self.hidden]
        size = len(self.leaves)
        self.snapshot = heads.snapshot_of(size, heads.grown({}, shown).values())
        record = canonical(self.snapshot.record())
        digest = Digest(HEADS, str(size), sha256_hex(record))
        self.heads_index = self.append("heads:published", [f"{HEADS}:{size}"], (digest,))

    # ── what is handed out ──

    @property
    def log_key(self) -> VerifierKey:
        return VerifierKey(ORIGIN, self.log_signer.public_key)

    def note(self) -> bytes:
        signer = LogSigner(ORIGIN, self.log_signer)
        root = merkle.root_of(self.leaves)
        return signer.note(len(self.leaves), root, previous=0, now=self.now)

    def published(self) -> export.Keys:
        return published_keys.published(ORIGIN, self.keys)

    def gathered(
        self,
        viewer: Actor | None = None,
        *,
        note: bytes | None = None,
        subject: str | None = None,
        standing: Standing = Standing.ACTIVE,
    ) -> Gathered:
        """Return what the service would read for the bundle of the order, or of another subject."""
        viewer = viewer or actor_of(self.buyer)
        about = subject or f"order:{self.order_id}"
        note = note or self.note()
        hashes = [merkle.leaf_hash(leaf) for leaf in self.leaves]
        roots = merkle.ManyRoots(heads.tiles_of(hashes))

        def proof(index: int) -> tuple[bytes, ...]:
            return tuple(roots.of(merkle.inclusion_spans(index, len(self.leaves))))

        placed = [
            PlacedEntry(index, leaf, *self.rows[index])
            for index, leaf in enumerate(self.leaves)
            if about.partition(":")[2].encode() in leaf
            and about in heads.subjects_of(leaf)
            and index not in self.hidden
        ]
        order = None if subject else self._papers([read_leaf(each.leaf) for each in placed])
        try:
            is_named = binding.certificate_of(order) is not None
        except contract.ContractUnreadable:
            is_named = False
        papers = self._certificate_papers(standing) if is_named else None
        named = None if papers is None else (self.certificate, papers)
        wanted = binding.wanted(order, named, self.keys)
        every = [
            PlacedEntry(index, leaf, *self.rows[index])
            for index, leaf in enumerate(self.leaves)
            if leaf.startswith(b"{")
        ]
        spans = merkle.inclusion_spans(self.heads_index, len(self.leaves))
        return Gathered(
            subject=about,
            reader=showing.reader_of(viewer),
            drawn_up_at=self.now,
            checkpoint=note,
            log_size=len(self.leaves),
            is_witnessed=False,
            origin=ORIGIN,
            entries=tuple(
                GatheredEntry(
                    index=each.index,
                    leaf=each.leaf,
                    proof=proof(each.index),
                    state=(state := showing.state_of(each, viewer)),
                    salt=each.salt if state is Shown.SHOWN else None,
                    payload=each.payload if state is Shown.SHOWN else None,
                )
                for each in placed
            ),
            heads=SubjectEntries(
                format=ENTRIES,
                proof=heads.prove(self.snapshot, about),
                bound=ProvenEntry(
                    leaf=self.leaves[self.heads_index],
                    index=self.heads_index,
                    proof=tuple(roots.of(spans)),
                    checkpoint=note.decode(),
                ),
                leaves=None,
            ),
            bindings=tuple(
                GatheredBinding(index=each.index, leaf=each.leaf, proof=proof(each.index))
                for each in binding.chosen(wanted, every, placed)
            ),
            keys=self.published(),
            order=order,
            certificate=papers,
        )

    def _papers(self, leaves: list[Any]) -> OrderPapers:
        bound = {digest.sha256 for leaf in leaves for digest in leaf.digests}
        used = [each for each in self.usage if sha256_hex(each[1]) in bound]
        return OrderPapers(
            order_id=self.order_id,
            buyer_party_id=PartyId(self.buyer),
            supplier_party_id=PartyId(self.supplier),
            product_id=self.product_id,
            usage=tuple(record for _, record, _ in used),
            usage_entry_ids=tuple(entry_id for _, _, entry_id in used),
            journal=tuple(entry.record() for entry in self.journal),
            contract=ContractPapers(
                document=self.contract, signatures=tuple(self.signatures), filing=self.filing
            )
            if self.is_contracted
            else None,
            licence=licence_of(self.grant) if self.is_delivered else None,
            statement_at=dt.datetime.fromisoformat(used[-1][0].at) if used else self.placed_at,
        )

    def _certificate_papers(self, standing: Standing) -> CertificatePapers:
        place = Place(0, 94_567)
        said = credential.credential(self.document, place=place, base=BASE, now=self.now)
        bits = status_list.bits_of([(place.place, standing)])
        listed = credential.list_credential(
            bits, number=0, version=1, base=BASE, name=ORIGIN, now=self.now
        )
        return CertificatePapers(
            file=pack(self.document, self.signers[Purpose.CERTIFICATE].seal(self.document)),
            credential=self._token(Purpose.CREDENTIAL, said),
            status_list=self._token(Purpose.STATUS_LIST, listed),
        )

    def _token(self, purpose: Purpose, said: Any) -> bytes:
        signer = self.signers[purpose]
        kid = credential.kid_of(BASE, signer.key_id)
        message = jws.signing_input(msgspec.json.encode(said), typ=credential.TYP, kid=kid)
        return jws.assemble(message, signer.sign(message))

    def bundle(self, viewer: Actor | None = None, **options: Any) -> bytes:
        """Return the bundle as the service hands it out."""
        return self.sealed(self.gathered(viewer, **options))

    def sealed(self, gathered: Gathered) -> bytes:
        """Return the bundle of what was gathered, as the log knows it."""
        return self.entered(sealing.drawn_up(gathered, self.statement))

    def entered(self, parts: dict[str, bytes]) -> bytes:
        """Return the archive of members that the log knows; the entry waits for its place."""
        entry_id = EntryId(uuid.UUID(int=(7 << 76) + (2 << 62) + 999 * self.number))
        leaf = leaf_bytes(
            entry_id,
            self.now,
            Event.PROOF_BUNDLE_ISSUED,
            subjects=[],
            payload_sha256=commitment(b"salt of sixteen.", payload_bytes(actor_of(self.buyer))),
            digests=sealing.digests_of(parts),
            rules=("BJ-28", "SIX-4"),
        )
        entry = Appended(entry_id, leaf)
        document = receipts.drawn_up(entry, log=ORIGIN, now=self.now)
        receipt = receipts.packed(document, self.receipt.seal(document))
        return sealing.packed(sealing.entered(parts, entry, receipt))


def actor_of(
    party: uuid.UUID | None, *permissions: str, clearance: Clearance = Clearance.PARTY
) -> Actor:
    """Return somebody of a party, or a job of ours."""
    return Actor(
        account_id=None if party is None else AccountId(party),
        party_id=None if party is None else PartyId(party),
        name="somebody",
        roles=frozenset({"test"}),
        permissions=frozenset(permissions),
        clearance=clearance,
    )
