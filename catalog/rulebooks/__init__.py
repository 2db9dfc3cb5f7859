"""What differs between places and years (规则集): periods, small numbers and vocabularies, as data.

3/30/7 working days are Hainan's; the national platforms have others. A case stores the code of
the rulebook under which it was filed, and stays under it. A new set of rules is a new file here,
with an article beside every number; ours carry [P].
"""
