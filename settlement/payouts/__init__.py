"""Pay out what parties are owed, in batches that two people answer for (付款、提现).

A batch is nothing but its lines: prepared by one, approved by another, sent one by one, and each
ends as paid or with its money back where it was. What a crash interrupts goes on where it was.
"""
