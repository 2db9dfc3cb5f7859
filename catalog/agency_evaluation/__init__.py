"""Evaluate an agency at the end of its contract, and file it with the bureau (履约评价与备案, HN-24).

How soon it answered and what HN-27 it ran into come from the system's own rows; whether it kept the terms of
its contract the operator says. The operator signs, the bureau acknowledges.
"""
