"""Charge what was used of an order, window by window, and follow what its buyer has left (按量计费).

What a window costs is told by the room that knows the price; here it becomes a charge, is taken from
the order's escrow, and what is not covered waits as a debt (欠费) until it is paid.
"""
