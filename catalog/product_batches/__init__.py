"""Take many products in at once, row by row, each wholly or not at all (批量著录).

A supplier uploads a table (CSV, XLSX), JSON, or a catalogue as DCAT or CKAN tell it. A file that can
not be read to its end is refused before its first row is taken; after that each row goes through the
rules of a single product, and what is refused is told with row, column and reason. A trial run keeps
nothing but that report. Rows name products by the supplier's own reference, so that the same file
again changes nothing.
"""
