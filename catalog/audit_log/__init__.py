"""Remember what happened, so that nobody can change it later unnoticed (审计日志).

Every command writes an entry in its own transaction. A sequencer gives the entries their places
in a Merkle tree (RFC 6962), a publisher signs its root (C2SP tlog-checkpoint), and anybody can
check the whole offline with ``verify.py``. The format is told in FORMAT.md.
"""
