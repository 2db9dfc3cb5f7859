"""Tell people what the books say (账簿报表): trial balance, account ledger, explanation, replay.

What a treasurer, a party or an auditor asks of the same books, as one model behind the API, the
command line and the pages: what stands on which account and how it came there, by which rule each
fen went where, and whether all of it comes out when it is added up from the first entry.
"""
