"""Refund an order after its escrow was released (放款后退款).

Who shared gives back: by the legs of the entry that paid, counted over all such refunds of the
order, and out of what each can still give (``revenue/reversing.py``). A part that nobody can give
is the platform's to bear first (平台垫付).
"""
