"""Prove of a subject that these are all entries of the log about it, or that there are none (主体头)."""
