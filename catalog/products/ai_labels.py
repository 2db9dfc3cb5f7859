"""Keep the label on what a machine made (人工智能生成合成内容标识, AIL-1, AIL-2).

「不得恶意删除、篡改、伪造、隐匿」: once others saw the label, it can only grow, until there is another
content that it would be about.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.errors import Refused
from catalog.products.model import AiShare, Product

_ORDER: Final = (AiShare.NONE, AiShare.PARTLY, AiShare.FULL)


class AiLabelTampered(Refused):
    """The label of bytes that are the same as before would say less than it did (AIL-2)."""

    code = "ai_label_tampered"


def check_kept(before: Product, share: AiShare, *, was_shown: bool) -> None:
    """Return if a product that is described anew keeps its label.

    :raises AiLabelTampered: if others saw a stronger one, and no content was attached since.
    """
    if before.description is None or not was_shown:
        return
    had = before.description.ai_generated
    if _ORDER.index(share) < _ORDER.index(had) and not _is_newer(before, before.updated_at):
        raise AiLabelTampered(before=had.value, after=share.value)


def _is_newer(product: Product, since: dt.datetime) -> bool:
    return product.content is not None and product.content.attached_at > since
