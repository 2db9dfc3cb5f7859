"""Special prices (特别定价、一户一价): what one supplier offers to one buyer, and why.

Whoever buys on the same terms pays the same: the filed price. Another price for one buyer lies within
what was filed, has its reason in writing, stands in the log, and is shown to the supervisor; an order
and its contract name it. Without a reason it is refused (equal terms, RULES §6.1, E32 discrimination).
"""
