"""Correct the books by hand (调账): one person proposes with a reason and evidence, another decides.

What is approved is one entry of its own kind, ``adjustment``, which names the number of the
adjustment. Nothing is ever changed in the journal: what was wrong stays, and what corrects it stands
beside it. Two people, because whoever could book alone could take alone
(企业内部控制应用指引第 14 号: 不相容岗位分离).
"""
