"""Agree how what a product earns is shared (收益分配约定, ZJ-2, QD-11).

The supplier proposes by which of the four methods its product's revenue is shared; everyone who
shares, and every owner whom the certificate names, agrees or declines. What all agreed to is frozen
into each order that is cleared from then on, and ends when another takes its place.
"""
