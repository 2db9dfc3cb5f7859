"""Change, distrust, end and destroy the service's keys (密钥保管).

A key of the log is changed by a notice that the old and the new one sign and that stands in the log
itself (``audit_log.key_notices``); any other key by its record there. Places in the log, and no dates,
say from which entry to before which one a key counts.
"""
