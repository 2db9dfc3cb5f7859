"""Listings (挂牌、上架): which product is offered, after a gate that explains itself.

A product is listed when nothing stands in the way any more: certificate, price filing,
classification, content, and what its kind of data asks for (RULES §6.8, E37). The gate names every
item, passed or not, so that a supplier need not guess.
"""
