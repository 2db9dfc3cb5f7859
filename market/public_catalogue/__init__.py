"""Gather what is public of products, for the catalogues of others (公开目录).

A product's facts come from several rooms: what it is, its certificate in force, its filed price, who
may use it. Whoever asks, signed in or not, gets what everybody gets. What documents are made of them
stands in ``catalog/formats``.
"""
