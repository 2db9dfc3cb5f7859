"""Say which clocks run over a filing (定价备案期限). The texts say 「及时」; the numbers are ours (A33)."""

from __future__ import annotations

from typing import Final

from catalog.kernel.periods import CHOSEN, Period, Unit

SUBJECT: Final = "filing"
SUPPLIER: Final = "supplier"
AUTHORITY: Final = "authority"

#: From the day on which prices are drafted, or given back, or ordered to be corrected (及时报备).
FILING: Final = "pricing_filing"
FILED_WITHIN: Final = Period(10, Unit.WORKING_DAYS, CHOSEN, "BJ-17「及时」")

#: From the day on which they are filed (予以备案).
RECORDING: Final = "pricing_recording"
RECORDED_WITHIN: Final = Period(5, Unit.WORKING_DAYS, CHOSEN)

#: From the day of the inquiry (问询答复).
REPLY: Final = "pricing_inquiry_reply"
REPLIED_WITHIN: Final = Period(10, Unit.WORKING_DAYS, CHOSEN)
