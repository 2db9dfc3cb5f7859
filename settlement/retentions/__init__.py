"""Keep a part of a sale back from who sells until its days are over (质保金).

It arrives with the release on the retention account of its party and is held there for its order: a
refund or a charge-back of that order takes it first, and what is left is the seller's on its day.
"""
