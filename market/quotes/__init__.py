"""Invited quotes (邀请报价、询价): a buyer asks suppliers for a price by a deadline, and chooses one.

A quote is for a listed product at what is filed for it, or at a special price with its reason. Until
the deadline it is its supplier's alone, whatever clearance somebody has; then all are opened at once.
The accepted one becomes a negotiation, or a special price to order by; there is no third way.
"""
