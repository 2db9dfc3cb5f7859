"""Keep searches and tell their owners what is new in them (保存的检索).

An account keeps a question with its filters under a name. A job looks what changed in the catalogue
since its last look, and each product that comes to answer the search is told once. Whatever is told
is public; what the question says is its owner's alone, and stands in no log.
"""
