"""Hold the buyer's money until the delivery is accepted (资金托管).

One escrow per order, and one account per escrow, so that no row is hot. Money leaves it once, to
those who share the revenue or back to the buyer (RULES §6.8).
"""
