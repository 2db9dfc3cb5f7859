"""What of a product everyone reads, and what not (HN-28)."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from catalog.kernel.actor import PUBLIC, Clearance
from catalog.products.model import Classification, Content, Level, Reclassification
from catalog.products.publication import redacted, sees_all
from tests.makers_products import NOW, make_actor, make_description, make_product, make_source


def test_its_supplier_and_the_authorities_read_all() -> None:
    product = make_product()

    assert sees_all(make_actor(party_id=product.supplier_party_id), product)
    assert sees_all(make_actor(clearance=Clearance.STAFF), product)
    assert sees_all(make_actor(clearance=Clearance.REGULATOR), product)
    assert not sees_all(make_actor(), product)
    assert not sees_all(PUBLIC, product)
    assert not sees_all(PUBLIC, make_product(supplier_party_id=None))


def test_an_agent_reads_all_of_the_products_that_its_letters_are_for() -> None:
    product = make_product()
    agent = replace(make_actor(), acting_for=product.supplier_party_id)

    assert sees_all(agent, product)
    assert sees_all(replace(agent, acting_on=frozenset({product.id})), product)
    assert not sees_all(replace(agent, acting_on=frozenset({make_product().id})), product)
    assert not sees_all(replace(agent, acting_for=make_product().supplier_party_id), product)


def test_the_suppliers_own_dealings_are_not_for_everyone() -> None:
    why = Reclassification("聚合", "张三", "报告")
    source = make_source(authorisation_scope="全部", authorisation_valid_to=dt.date(2027, 1, 1))
    description = make_description(
        sources=(source,), classification=Classification("GB/T 43697", Level.GENERAL, "行业", why)
    )

    shown = redacted(make_product(description=description)).description

    assert shown is not None
    assert shown.classification is not None
    assert shown.classification.reclassification is None
    assert shown.classification.level is Level.GENERAL
    (public,) = shown.sources
    assert (public.name, public.nature) == (source.name, source.nature)
    assert (public.holder, public.legal_basis, public.authorisation_scope) == ("", "", "")
    assert public.authorisation_valid_to is None


def test_a_product_without_level_or_description_is_shown_as_it_is() -> None:
    unclassified = redacted(make_product(description=make_description(classification=None)))
    imported = make_product(description=None)

    assert unclassified.description is not None
    assert unclassified.description.classification is None
    assert redacted(imported) is imported


def test_the_newest_content_is_what_is_delivered() -> None:
    def content(version: int) -> Content:
        return Content(
            version=version,
            file_id=make_product().id,
            sha256="00" * 32,
            size_bytes=1,
            media_type="text/csv",
            file_name="a.csv",
            attached_at=NOW,
        )

    assert make_product().content is None
    newest = make_product(contents=(content(1), content(2))).content
    assert newest is not None
    assert newest.version == 2
