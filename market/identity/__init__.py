"""Know who is there: parties, their accounts, roles and sessions (主体与身份).

A party (交易主体) is a natural person, a legal person or an unincorporated organisation; what it is
for the market (trader, agency, operator, authority) is its capacity. An account is a member of one
party and wears roles from a day until a day. Sessions and tokens are opaque and can be revoked, so
that a change of rights works at the next request (HN-05, HN-06, BJ-18; GB/T 22239 8.1.4).
"""
