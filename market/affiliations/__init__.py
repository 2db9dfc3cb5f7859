"""Affiliations (关联关系): who controls whom, and what one side of a deal sells to its own side.

Whoever holds more than half, controls, manages or represents is stated by the parties themselves, by
the operator, or by an excerpt from a register of companies (企业登记摘录). One pure rule finds how two
parties are tied, with the way in words. What they deal in at a price of its own is held until the
authority has looked at it (GD-18, RULES §9 ``related_party_award``); what is sold at everybody's price is listed.
"""
