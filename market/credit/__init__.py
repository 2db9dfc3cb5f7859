"""Credit of parties (信用, QD-S2): what was found, objected to, punished, repaired, and rewarded.

A dishonest act is found, the party may object, then it is punished: banned for three years (GZF-29),
limited in what it orders, or ranked lower. Repair and the end of the term lift that. Reward is kept apart.
"""
