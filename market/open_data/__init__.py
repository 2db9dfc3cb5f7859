"""Open data (开放数据, GD-08, HK-8): free, under an open licence, fetched by anybody without an order.

Its supplier asks, with a licence and the number of the secrecy review; the operator confirms. Only what
is shared without conditions, of the lowest level, and holds neither personal nor important data may be
open. Each download is counted, and the counts of a minute are one entry of the log. Open data are not
sold: a product is open or listed, never both.
"""
