"""Prepare, approve, send and end payouts (付款)."""
