"""Keep judgments, rulings and awards in force (生效法律文书) and what they did to a certificate.

A court or an arbitrator decides; the operator verifies, by two people, and carries out (HN-19(b),
HN-20(2), RULES §5.4).
"""
