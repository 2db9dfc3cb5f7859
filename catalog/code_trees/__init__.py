"""Know the codes by which products are sorted: industries (GB/T 4754) and regions (GB/T 2260).

Both are trees (代码树): whoever asks for a section or a province asks for all below it. A code's
place follows from the code itself (``lineage.py``); which codes there are, and how they are called,
stands in ``catalog.codes`` and comes from a file of the edition in force.
"""
