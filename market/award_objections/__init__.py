"""Object to what came of an auction while it is on public notice (成交公示、成交异议), and decide on it.

Any bidder objects, once for each result, with reasons; the authority decides, and nobody of it who belongs
to the supplier or a bidder. Upheld, the winner objected to is left out and the next one comes, or the
whole result is void; refused, the result stands. Nothing is awarded before (招标投标法实施条例 54).
"""
