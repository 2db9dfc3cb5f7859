"""Run the market: identity, pricing, listings, orders, usage, supervision and the doors (交易)."""
