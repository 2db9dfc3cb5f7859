"""Report the money to those whom it concerns (财务报表): signed statements, statistics, yearly accounts.

Settlement knows accounts, orders and entries; here they get the names of parties, products and
industries. Everything is computed from closed months and the log, so that whoever has an export
computes the same.
"""
