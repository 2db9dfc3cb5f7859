"""Lower the level of a product below that of its sources, by two people (重新定级, RULES §8.1).

A product is as sensitive as its most sensitive source. Its supplier may propose a lower level, with
a reason and a file that shows why; the operator's reviewer confirms or refuses it. What was decided
stands in the product's own description, and holds as long as no source becomes stricter.
"""
