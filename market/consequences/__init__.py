"""Carry into the trade what happened to a certificate (登记后果), in the same transaction.

Delist, suspend, cut off, tell running buyers (HN-19, RULES §5.2).
"""
