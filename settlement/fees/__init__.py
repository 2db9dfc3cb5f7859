"""Say what a sale pays to the platform, the treasury and others, before anyone shares (费率表).

A fee schedule is data: which fees, in which order, on which base, in which tiers, from which day
until which. Two people decide one. What was in force when an order was cleared is frozen with it.
"""
