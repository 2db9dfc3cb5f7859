"""Hold money on an account for one purpose, until it is captured, released or timed out (冻结).

Held money stays where it is; the guard of its account counts it as gone. Only an entry that captures
the hold can take it, never more than was held, however many capture at once. A dispute freezes an
escrow so, a bidder's deposit waits so for the award, and retention money for the end of its term.
"""
