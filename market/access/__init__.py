"""Access to data (访问授权): who may get what, in which mode, for what, how long, how often.

``decision.py`` is the policy of RULES §8 as one pure function; ``grants.py`` asks a licence grant
(使用授权) at each use. Whatever is refused keeps all its reasons. One command cuts access off, at
once (BJ-28).
"""
