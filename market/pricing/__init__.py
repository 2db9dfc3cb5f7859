"""Pricing filings (定价备案, BJ-17) and the public price list (价格清单, GD-07).

Who offers a product files its prices with the supervisor: prices and their basis, scenarios, scope
and manner of use. Filing is information, not approval (备案 is not 审批, A32); only the ceiling of a
guided price is a hard limit. An order takes its price from a filing in effect and from nowhere else.
"""
