"""Keep the table of words for one thing (同义词表): who put a group into it, when and why.

The operator's staff propose groups, some of them decide, and what is in force counts for the next
question of every process: a search compares the table's version in the statement that it makes anyway.
"""
