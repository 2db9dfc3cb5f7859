"""Send back through its channel what is owed to a buyer (退款).

That money is owed back is an entry of the journal; here it becomes one refund, sent until the channel
has done it. Whole or in part, it never exceeds what was paid: the order's sums say so in the database.
"""
