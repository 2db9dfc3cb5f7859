"""Proof bundles (用量对账与举证包): all that the log has about an order, in one file that needs no server.

The bundle of an order holds every entry about it with its proof, the proof that these are all, every
metered use, the contract, the filed price, the licence, the ledger's lines and the certificate. Whoever
gets it computes the bill again. Of another subject it holds the entries and the proofs (BJ-28, SIX-4).
"""
