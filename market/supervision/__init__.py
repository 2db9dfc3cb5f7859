"""Supervision (监管): the quarterly report (季度报备, HN-21) and the trace of a product (溯源, SIX-4).

The report is a pure function of the audit log and the journal. Whoever holds an export of both can
compute it again and must get the same bytes; FORMAT.md of this room says how.
"""
