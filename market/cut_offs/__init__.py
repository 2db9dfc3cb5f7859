"""Cut-offs (切断): what stops every use of a product, an agreement, a grant or by a party at once (BJ-28).

A cut-off stands beside what it stops and changes nothing of it: it is one row, so it takes effect
with its commit, however many orders it reaches, and waits for none of them. Lifted, all goes on as
it stood. An order by itself is cut off by its own life (``market/orders/states.py``), with its money.
"""
