"""Search the audit log (审计检索): by subject, actor, action and time, however long it has become.

A job writes an index beside the log, so that no command waits for it; what is found is read from
the log itself. Who sees what stands in ``reach.py``, and in the database a second time.
"""
