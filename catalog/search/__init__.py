"""Find products in the public catalogue (搜索): by words, by facets, or the newest first.

The words of products lie in ``catalog.product_documents``, written by the room ``products`` in the
same transaction as the product itself, so what was committed is found by the next search. This
room asks: first for all words, then for as many as there are, the telling ones first.
"""
