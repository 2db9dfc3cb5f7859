"""Ask whether an offer can be for some buyers alone, and describe them (定向挂牌).

Named are parties, or a class of them by what the register knows: where they are registered, that they
hold a certificate that counts, for which industry. Whom it reaches is asked by the database, which hides
it from everybody else (``market.addresses``).
"""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from msgspec import Meta

from catalog.kernel.errors import Invalid


class AudienceUnfit(Invalid):
    """The audience names nobody, or a class that nobody could be told apart by."""

    code = "listing_audience_unfit"


class PartyClass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class of parties; who is of it meets all that is said (主体类别)."""

    region_codes: Annotated[
        tuple[Annotated[str, Meta(pattern="^([0-9]{2}|[0-9]{4}|[0-9]{6})$")], ...],
        Meta(max_length=50),
    ] = ()  # 登记机关行政区划, by the party's 统一社会信用代码
    is_certified: bool = False  # 持有有效确权登记凭证
    industry_sections: Annotated[
        tuple[Annotated[str, Meta(pattern="^[A-T]$")], ...], Meta(max_length=20)
    ] = ()  # GB/T 4754 门类, of a product that it holds a certificate for


class Audience(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom alone an offer is (定向对象): the named, and whoever is of one of the classes."""

    party_ids: Annotated[tuple[uuid.UUID, ...], Meta(max_length=200)] = ()
    classes: Annotated[tuple[PartyClass, ...], Meta(max_length=20)] = ()


def check(audience: Audience | None, *, supplier: uuid.UUID) -> None:
    """Return if an offer can be for this audience; None is everybody.

    :raises AudienceUnfit: if it names nobody, its own supplier, or a class without a mark.
    """
    if audience is None:
        return
    if not audience.party_ids and not audience.classes:
        raise AudienceUnfit(why="nobody is named")
    if supplier in audience.party_ids:
        raise AudienceUnfit(why="the supplier itself is named")
    if any(each == PartyClass() for each in audience.classes):
        raise AudienceUnfit(why="a class has no mark")
