"""Read tables out of bytes that anybody may have written (表格读取): CSV, workbooks, JSON lines.

Rows come one by one and nothing is believed: not the name of the file, not the sizes that an archive
tells, not that a line ever ends. Used in a process apart (``kernel/caged.py``), never in a worker.
"""
