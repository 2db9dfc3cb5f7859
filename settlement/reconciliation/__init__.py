"""Hold what a channel states against what we booked, three ways (对账).

A line of the channel's statement, the payment, refund or payout that we know, and the entry of the
journal say the same, or a break (差错) is kept: what it is, whose it is, how old, and by which entry
it was resolved. The clearing account of a channel equals its statements and the open breaks.
"""
