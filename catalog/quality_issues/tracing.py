"""Walk up one source at a time (逐级倒查): no step is left out, and nobody is asked twice."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Final

from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId
from catalog.kernel.periods import Period, Unit
from catalog.quality_issues.model import QualityIssue

#: 「及时处理并予以反馈」 (BJ-24) names no days.
ANSWER: Final = Period(10, Unit.WORKING_DAYS, "BJ-24 [P]")


class QualityHopNotNext(Refused):
    """The walk begins at the product itself and goes on to one of its sources, one at a time."""

    code = "quality_hop_not_next"


class QualityProviderMissing(Refused):
    """Where the walk ended nobody of the market supplies, so that nobody can be asked."""

    code = "quality_provider_missing"


def check_next(
    issue: QualityIssue, product_id: uuid.UUID, sources_of_last: Collection[uuid.UUID]
) -> None:
    """Return if the walk may go to a product next.

    :raises QualityHopNotNext: if it is not the reported one at first, or no source of the last one.
    """
    walked = {hop.product_id for hop in issue.hops}
    is_next = product_id in sources_of_last if issue.hops else product_id == issue.product_id
    if not is_next or product_id in walked:
        last = issue.hops[-1].product_id if issue.hops else issue.product_id
        raise QualityHopNotNext(last=str(last))


def provider_of(issue: QualityIssue) -> PartyId:
    """Return who supplies what the walk came to.

    :raises QualityProviderMissing: if nobody of the market does.
    """
    provider = issue.hops[-1].supplier_party_id if issue.hops else None
    if provider is None:
        raise QualityProviderMissing
    return provider
