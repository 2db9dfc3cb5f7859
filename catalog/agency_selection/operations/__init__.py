"""The use cases of a public comparison, by its stages.

``announcing``, ``bidding``, ``evaluation``, ``result``; what they share stands in ``casework``.
"""
