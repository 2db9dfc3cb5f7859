"""Change or correct what a certificate says (变更登记、更正): accepted, reviewed, issued anew.

The registrant applies, the operator accepts, both reviews look at it, the bureau authorises, and a
new certificate takes the old one's place (HN-18). The same days as a first registration, without a
public notice (A21). Until then the old certificate counts.
"""
