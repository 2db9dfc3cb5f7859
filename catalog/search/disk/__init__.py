"""Keep an index of the catalogue in files (检索索引): tantivy's, and beside it the records that are ranked.

A directory holds one index at a time, and the next one while it is built; a file names which counts.
Whoever holds the lock writes, everybody reads: each commit says in itself which of the database's
commits it holds, so a reader knows at every moment what it does not know yet. Nothing here is worth
a backup: all of it can be made again.
"""
