"""Put an approved product before the public (公示) for seven working days on two channels (HN-16).

The operator's own platform shows it, and the bureau's website, whose posting the bureau confirms
with a receipt. The days count from the later of the two (A14). Only whitelisted fields are shown
(A13), and what was once shown stays readable for good.
"""
