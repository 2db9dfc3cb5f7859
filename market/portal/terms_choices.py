"""Find what the terms of an offer can be chosen from: filed prices, scenarios, manners, clauses (可选条款)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from catalog.products import queries as products
from catalog.products.model import DeliveryMode, Product
from market.contracts.templates import Template, all_templates
from market.http.command import Command
from market.portal.offer_words import Names
from market.portal.show import scenario_names
from market.portal.wording import Speaker
from market.pricing import queries as pricing
from market.pricing.model import PriceItem, PriceListLine, UseCategory
from market.special_prices import queries as special_prices
from market.special_prices.model import SpecialPrice
from market.special_prices.states import State

_LINES_AT_MOST: Final = 100


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a form of terms offers to choose from."""

    lines: Sequence[PriceListLine]
    scenario_names: Mapping[str, str]
    modes: Sequence[DeliveryMode]
    templates: Sequence[Template]
    special_prices: Sequence[SpecialPrice] = ()  # that were offered to one buyer and not used yet
    template: Template | None = None  # the one whose clauses are filled in

    @property
    def items(self) -> list[PriceItem]:
        """Return the price items that are in effect, each once."""
        return list({line.item.code: line.item for line in self.lines}.values())

    @property
    def scenarios(self) -> list[str]:
        """Return the codes of the scenarios that were filed, each once."""
        return list(dict.fromkeys(line.scenario for line in self.lines))

    @property
    def use_categories(self) -> list[UseCategory]:
        """Return for which categories of use there is a price, if it depends on them."""
        named = [line.use_category for line in self.lines if line.use_category is not None]
        return list(dict.fromkeys(named))

    def names(self, speaker: Speaker) -> Names:
        """Return what the supplier's codes are called."""
        return Names(
            self.scenario_names, {item.code: self.called(item, speaker) for item in self.items}
        )

    def called(self, item: PriceItem, speaker: Speaker) -> str:
        """Return what a price item is called: by the supplier's note, else by how it is charged."""
        return item.note or speaker(
            "term.item",
            charge=speaker.label("charge", item.charge),
            unit=speaker.label("unit", item.unit),
        )

    def chosen(self, named: str) -> Choices:
        """Return the same with the clauses of a template, or of the first if none is named so."""
        kinds = {f"{each.kind.value}:{each.version}": each for each in self.templates}
        return replace(self, template=kinds.get(named, self.templates[0]))


async def find_choices(c: Command, product_id: uuid.UUID) -> Choices:
    """Return what an offer of this product can be made of now."""
    product = await products.find(c.tx, product_id=product_id)
    prices = await pricing.list_prices(c.tx, product_id=product_id, limit=_LINES_AT_MOST)
    filing = await pricing.find_any_effective(c.tx, product_id=product_id)
    special = await special_prices.list_special_prices(
        c.tx, viewer=c.actor, product_id=product_id, limit=_LINES_AT_MOST
    )
    return Choices(
        lines=prices.items,
        scenario_names=scenario_names(product),
        modes=_modes(product) if filing is None else filing.terms.delivery_modes,
        templates=sorted(all_templates().values(), key=_order),
        special_prices=[each for each in special.items if each.state is State.OFFERED],
    )


def _modes(product: Product | None) -> Sequence[DeliveryMode]:
    if product is None or product.description is None:
        return ()
    return tuple(product.description.delivery_modes)


def _order(template: Template) -> tuple[bool, str, int]:
    # 数据提供 is what most trade is; of two versions the newer first.
    return template.kind.value != "provision", template.kind.value, -template.version
