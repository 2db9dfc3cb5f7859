"""Say how long the operator may look at a listing (上架审核期限). No text gives the number: it is ours."""

from __future__ import annotations

from typing import Final

from catalog.kernel.periods import CHOSEN, Period, Unit

SUBJECT: Final = "listing"
REVIEW: Final = "listing_review"

#: From the day on which it was handed in.
REVIEWED_WITHIN: Final = Period(5, Unit.WORKING_DAYS, CHOSEN)
