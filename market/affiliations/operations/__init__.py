"""Use cases: state and end ties, take an excerpt of a register, look at what related parties deal in."""
