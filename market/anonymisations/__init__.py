"""Anonymisations (匿名化, SIX-3): that the content of a product shows no person any more.

A supplier says how it was done and how it was attacked; a compliance agency accepts it until a day,
or refuses. While it stands, the content needs nobody's consent; for new content it is asked again.
"""
