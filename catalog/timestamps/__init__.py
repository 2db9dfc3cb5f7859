"""Prove by outside authorities when the log was signed, for decades (时间戳，RFC 3161)."""
