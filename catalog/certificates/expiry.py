"""Say when the validity of a certified product is over (数据产品时效届满): HN-17, A23.

The certificate itself has no end: it goes on saying who owns what. What ends is the product's validity,
which the certificate states; from the next day on nothing is sold on it, until a change renews it.
"""

from __future__ import annotations

import datetime as dt

from catalog.certificates.format import CertificateDocument
from catalog.kernel.periods import Period, Unit


def last_day(document: CertificateDocument) -> dt.date | None:
    """Return the last day of the product's validity as the certificate states it, None if it has none."""
    stated = document.product_validity.get("to")
    return None if stated is None else dt.date.fromisoformat(stated)


def remind_on(valid_to: dt.date | None, before: Period) -> dt.date | None:
    """Return from which day on the holder is reminded that the validity will end."""
    assert before.unit is Unit.DAYS, "a reminder is so many days before"
    return None if valid_to is None else valid_to - dt.timedelta(days=before.length)


def is_over(valid_to: dt.date | None, today: dt.date) -> bool:
    """Tell whether the validity is over: its last day has passed."""
    return valid_to is not None and valid_to < today
