"""Use cases: inviting, quoting, opening, deciding."""
