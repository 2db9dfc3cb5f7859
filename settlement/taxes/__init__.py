"""Tax inside and outside the price (价内税、价外税): what of a gross amount is net and what is tax.

A plan names a rate of the table in ``seeds/reference/tax_rates.toml`` and says whether its prices
include it (含税) or not (不含税). What a buyer pays is always the gross amount (价税合计); what of
that is tax follows from the gross amount and the rate alone, here and nowhere else.
"""
