"""The catalogue of illegal writes to the money (违规写入目录): each is tried, and refused by the database alone.

A room has a module here with one ``Section``: what has to be there first (``given``), and a row for
each attempt. ``catalogue`` puts them together and writes ``settlement/ILLEGAL_WRITES.md``:

    python -m tests.illegal_writes
"""
