"""Use cases: posting, reviewing, moving on, matching."""
