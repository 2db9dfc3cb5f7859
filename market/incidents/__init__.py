"""Monitor the registration and deal with incidents (登记监控、事件处置, HN-22(a), RULES §6.7).

An incident is found by people or by the house itself, and its evidence is locked at once. It is
triaged, contained, reported to the authority with a receipt, told to those it harms, explained, closed.
Drills of the emergency plan (应急演练, HN-22(b)) are kept beside it.
"""
