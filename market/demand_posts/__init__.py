"""Demand posts (供需对接: 需求发布): what a buyer needs, and which products of the catalogue fit, with reasons.

The operator reads a post before anybody else does. Whoever it is shown to reads its public side,
without a budget that is not shown and without the name of a buyer who does not give it. Matches are
found by the catalogue's own search (GD-04, GD-10, NP-2). What people ask to be *open* is ``data_demands``.
"""
