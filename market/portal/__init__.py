"""The portal (门户): pages for people, made on the server; they work without scripts.

A page reads through the rooms' queries, decides nothing, and says the same in Chinese and English.
The words stand in ``wording.*.toml`` and ``wording_trade.*.toml``; the notice board, the certificate
check and the price list are what HN-16, HN-17 and GD-07 make public.
"""
