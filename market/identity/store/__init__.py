"""What identity keeps, by what it is about, under the names that its operations have.

parties · accounts · roles · sessions (with attempts to sign in) · tokens. A file writes its own
tables only.
"""
