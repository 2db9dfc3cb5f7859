"""A label on what a machine made can only grow, once others saw it on the same content."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.kernel.ids import new_id
from catalog.products.ai_labels import AiLabelTampered, check_kept
from catalog.products.model import AiShare, Content, Product
from tests.makers_products import NOW, make_description, make_product


def product(share: AiShare, *, attached_after: int | None = None) -> Product:
    contents = ()
    if attached_after is not None:
        at = NOW + dt.timedelta(seconds=attached_after)
        contents = (
            Content(
                version=1,
                file_id=new_id(),
                sha256="ab" * 32,
                size_bytes=1,
                media_type="text/csv",
                file_name="a.csv",
                attached_at=at,
            ),
        )
    return make_product(
        description=make_description(ai_generated=share), contents=contents, updated_at=NOW
    )


@pytest.mark.parametrize("before", AiShare)
@pytest.mark.parametrize("after", AiShare)
@pytest.mark.parametrize("was_shown", [True, False])
@pytest.mark.parametrize("attached_after", [None, -5, 5])
def test_it_is_not_taken_back_from_the_same_bytes(
    before: AiShare, after: AiShare, was_shown: bool, attached_after: int | None
) -> None:
    order = list(AiShare)
    weaker = order.index(after) < order.index(before)
    described = product(before, attached_after=attached_after)

    if weaker and was_shown and attached_after != 5:
        with pytest.raises(AiLabelTampered) as refused:
            check_kept(described, after, was_shown=was_shown)
        assert refused.value.facts == {"before": before.value, "after": after.value}
        return
    check_kept(described, after, was_shown=was_shown)


def test_what_was_never_described_has_no_label() -> None:
    check_kept(make_product(description=None), AiShare.NONE, was_shown=True)
