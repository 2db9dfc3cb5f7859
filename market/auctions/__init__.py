"""Sell licences to whoever bids most (竞价): sealed bids, opened together, or bids that rise in public.

What is won is a special price within what was filed (BJ-17), so an auction finds a price and files none.
When an auction ends and who has won is computed from its rules and its bids alone, by whoever likes.
"""
