"""Describe data products (数据产品): what they are, where they come from, what is delivered.

A product is 经过加工处理后可计量的、具有经济社会价值的 (HN-02(1)), in one of seven forms; its metadata are
those of FIELDS 1.2, 1.3 and 9. Whole foreign catalogues can be imported: their records are found
like ours and can not be ordered. What the public may find lies in ``product_documents``.
"""
