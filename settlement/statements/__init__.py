"""State to each party what moved on its accounts in a month, a quarter or a year (对账单).

Supplier, buyer, department and regulator each get the same books cut to what is theirs. A statement
is told of closed months alone: it is the same bytes whenever it is asked for, each of its lines
names an entry by its number, and what stood before plus what moved is what stands after.
"""
