"""Open the door of a witness (见证人): C2SP tlog-witness over HTTP, a service of its own.

It has no database and knows nothing of a market: ``catalog/witnessing/disk.py`` is all it stands on.
"""
