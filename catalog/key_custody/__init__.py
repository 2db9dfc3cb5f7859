"""Change, distrust, end and destroy the service's keys (密钥保管).

A key of the log is changed by a notice that the old and the new one sign and that stands in the log
itself (``audit_log.key_notices``); any other key by its record there. Places in the log, and no dates,
say from which entry to before which one a key counts. Keys that must survive everything are made before
several people, who take a share each, so that some of them together make the key again (密钥仪式); what
was done is a transcript that they sign. FORMAT.md tells of shares and transcript.
"""
