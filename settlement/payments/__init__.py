"""Collect the buyer's money through a payment channel (收款).

A channel is someone else's system behind a port. It tells what happened by signed callbacks, which
may come twice, late, or out of order; each counts once. What does not fit is kept as a break (差错).
"""
