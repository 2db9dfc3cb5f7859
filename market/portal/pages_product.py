"""Serve the page of one product, with all around it that is public (产品详情)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import markupsafe
import msgspec
from litestar import Response, get
from litestar.params import FromPath

from catalog.certificates import queries as certificates
from catalog.certificates.model import CertificateSummary
from catalog.code_trees.model import Tree
from catalog.formats import schema_org
from catalog.formats.facts import Facts
from catalog.kernel.actor import Clearance
from catalog.kernel.errors import DomainError
from catalog.kernel.local_time import local_date
from catalog.notices import queries as notices
from catalog.notices.model import PublicNotice
from catalog.products import queries as products
from catalog.products.coding import filed_under
from catalog.products.model import Product
from catalog.products.provenance import Classified, Provenance
from catalog.products.revisions import ProductWithdrawn, RevisionLine
from catalog.products.standards import find_known
from catalog.profiles import queries as profiles
from catalog.profiles.preview import Preview, PreviewMissing, PreviewNotAllowedForLevel
from catalog.profiles.quality import Score
from catalog.profiles.queries import ContentMissing
from catalog.quality_issues import queries as quality_issues
from catalog.quality_issues.model import QualityIssue, Standing
from catalog.recognition import queries as recognition
from catalog.recognition.model import PublicForeignCertificate
from catalog.recognition.states import State as Foreign
from market.collections import queries as collections
from market.collections.model import Head
from market.http.catalogue_dcat import site_of
from market.http.command import Command, read
from market.http.context import AnyRequest, context
from market.http.negotiation import elsewhere
from market.http.problem import status_of
from market.listings import queries as listings
from market.open_data import queries as open_data
from market.open_data.model import Licence, OpenProduct
from market.orders.terms import RequestedTerms
from market.portal import lineage_tree
from market.portal.citing import citation
from market.portal.code_names import CodeNames, find_names
from market.portal.errors import said
from market.portal.render import language_of, page
from market.portal.show import scenario_names
from market.portal.wording import Speaker
from market.pricing import queries as pricing
from market.pricing.model import Filing, PriceListLine
from market.public_catalogue.queries import facts as public_catalogue
from market.zones import queries as zones
from market.zones.model import Zone
from seeds.open_licences import load_open_licences

_PRICES_OF_A_PRODUCT: Final = 100
_REVISIONS_AT_FIRST: Final = 5
_NOTICES_AT_MOST: Final = 20
_COLLECTIONS_AT_MOST: Final = 20
_ISSUES_AT_FIRST: Final = 5
_USUAL_TERMS: Final = RequestedTerms()


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A product with all that is public around it."""

    product: Product
    certificates: list[CertificateSummary]
    prices: list[PriceListLine]
    filing: Filing | None
    is_listed: bool
    foreign: list[PublicForeignCertificate]
    facts: Facts | None  # what everybody may know; None while nobody else sees it
    provenance: Provenance
    classifications: list[Classified]
    revisions: list[RevisionLine]
    notices: list[PublicNotice]
    names: CodeNames
    preview: Preview | None
    no_preview: DomainError | None  # why there is none
    quality: Score | None
    opening: OpenProduct | None  # while it is open data
    zone: Zone | None
    collections: list[Head]
    issues_standing: Standing
    issues: list[QualityIssue]  # the newest of the viewer's own

    @property
    def licence(self) -> Licence | None:
        """Return the open licence under which it may be used, or None if it is not open data."""
        if self.opening is None:
            return None
        return next(each for each in load_open_licences() if each.code == self.opening.licence)

    @property
    def scenario_names(self) -> dict[str, str]:
        """Return the supplier's own words for the codes of its scenarios."""
        return scenario_names(self.product)

    @property
    def licensed_scenarios(self) -> list[str]:
        """Return for what it may be used by the filing in force, in the supplier's own words."""
        codes = () if self.filing is None else self.filing.terms.scenarios
        return [self.scenario_names.get(code, code) for code in codes]

    @property
    def certificate(self) -> CertificateSummary | None:
        """Return the newest certificate, whatever its state."""
        return self.certificates[-1] if self.certificates else None

    @property
    def codes(self) -> dict[str, tuple[str, ...]]:
        """Return under which codes the product is found, by the filter that finds it there."""
        told = self.product.description
        if told is None:
            return {}
        filed = {"industry": Tree.INDUSTRY, "region_code": Tree.REGION}
        return {name: codes for name, tree in filed.items() if (codes := filed_under(told, tree))}

    @property
    def sections(self) -> list[str]:
        """Return what the page has, in its order; each is an anchor."""
        if self.product.description is None:
            return ["what", "facts", "sources", "cite", "formats"]
        return [
            "what", "scenarios", "dictionary", "preview", "quality", "issues", "coverage", "sources", "classification",
            "price", "usage", "delivery", "certificate", "objections", "revisions", "cite", "formats",
        ]  # fmt: skip


@get("/products/{product_id:uuid}", include_in_schema=False)
async def show_product(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one product: what it is, for what, from what, certified or not, at what price."""
    if there := elsewhere(request, product_id):
        return there

    async def look(c: Command) -> Offer:
        return await _offer(c, product_id)

    try:
        offer = await read(request, look)
    except ProductWithdrawn as buried:
        return tombstone(request, buried)
    wiring = context(request)
    linked = None if offer.facts is None else schema_org.script(offer.facts, site_of(request))
    return page(
        request,
        "product.html",
        offer=offer,
        product=offer.product,
        called=offer.names.called(Speaker(language_of(request))),
        sources=lineage_tree.sources_of(offer.provenance),
        uses=lineage_tree.uses_of(offer.provenance),
        usual=_USUAL_TERMS,
        known_standard=find_known,
        no_preview=None if offer.no_preview is None else said(request, offer.no_preview),
        citation=citation(
            offer.product,
            url=f"{wiring.settings.public_url.rstrip('/')}/products/{product_id}",
            read_at=wiring.clock.now(),
        ),
        linked_data=None if linked is None else markupsafe.Markup(linked),  # noqa: S704 - escaped there
    )


def tombstone(request: AnyRequest, buried: ProductWithdrawn) -> Response[bytes]:
    """Return the page that says that a product was taken back, when and why (410)."""
    return page(
        request,
        "tombstone.html",
        status=status_of(buried),
        buried=buried.facts,
        taken_back_at=dt.datetime.fromisoformat(buried.facts["withdrawn_at"]),
    )


async def _offer(c: Command, product_id: uuid.UUID) -> Offer:
    product = await products.get(c.tx, viewer=c.actor, product_id=product_id)
    prices = await pricing.list_prices(c.tx, product_id=product_id, limit=_PRICES_OF_A_PRODUCT)
    foreign = await recognition.list_page(
        c.tx, today=local_date(c.now), product_id=product_id, state=Foreign.RECOGNISED
    )
    told_of = await notices.list_public(
        c.tx, now=c.now, calendar=await c.calendar(), product_id=product_id, limit=_NOTICES_AT_MOST
    )
    versions = await products.list_revisions(
        c.tx, viewer=c.actor, product_id=product_id, limit=_REVISIONS_AT_FIRST
    )
    preview, no_preview = await _preview(c, product_id)
    return Offer(
        product=product,
        preview=preview,
        no_preview=no_preview,
        quality=await profiles.find_quality(c.tx, product, today=local_date(c.now)),
        certificates=await certificates.list_of_product(c.tx, product_id),
        prices=prices.items,
        filing=await pricing.find_any_effective(c.tx, product_id=product_id),
        foreign=foreign.items,
        is_listed=await listings.find_listed(c.tx, product_id=product_id) is not None,
        provenance=await products.get_provenance(c.tx, viewer=c.actor, product_id=product_id),
        classifications=await products.list_classifications(
            c.tx, viewer=c.actor, product_id=product_id
        ),
        revisions=versions.items,
        notices=told_of.items,
        names=await _names(c, product),
        facts=await public_catalogue.find_facts(
            c.tx, product_id=product_id, today=local_date(c.now)
        ),
        opening=await open_data.find_open(c.tx, product_id=product_id),
        zone=await zones.find_of_product(c.tx, product_id=product_id),
        collections=await collections.list_of_product(
            c.tx, product_id=product_id, limit=_COLLECTIONS_AT_MOST
        ),
        issues_standing=await quality_issues.get_standing(c.tx, product_id=product_id),
        issues=await _issues(c, product_id),
    )


async def _issues(c: Command, product_id: uuid.UUID) -> list[QualityIssue]:
    """Return those that are one's own: what the houses read of others is remembered where they read it."""
    if c.actor.clearance is not Clearance.PARTY or not c.actor.may("quality_issue:read"):
        return []
    found = await quality_issues.list_page(
        c.tx, viewer=c.actor, product_id=product_id, limit=_ISSUES_AT_FIRST
    )
    return found.items


async def _preview(c: Command, product_id: uuid.UUID) -> tuple[Preview | None, DomainError | None]:
    """Return the first rows, masked, or why they are not shown."""
    try:
        return await profiles.get_preview(c.tx, viewer=c.actor, product_id=product_id), None
    except (PreviewMissing, PreviewNotAllowedForLevel, ContentMissing) as refused:
        return None, refused


async def _names(c: Command, product: Product) -> CodeNames:
    told = product.description
    if told is None:
        return CodeNames()
    return await find_names(c, {tree: filed_under(told, tree) for tree in Tree})
