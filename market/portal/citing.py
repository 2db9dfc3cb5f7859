"""Say how a product is cited (引用), by the rules for sources on the web (GB/T 7714—2015)."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.local_time import local_date
from catalog.products.model import Product


def citation(product: Product, *, url: str, read_at: dt.datetime) -> str:
    """Return the reference: who, what [data set online], which version, since when, read when, where."""
    who = f"{product.supplier_name}. " if product.supplier_name else ""
    since = local_date(product.updated_at).isoformat()
    read_on = local_date(read_at).isoformat()
    return f"{who}{product.name}[DS/OL]. V{product.version}. 数市, {since}[{read_on}]. {url}."
