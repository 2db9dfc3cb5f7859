"""The use cases of an objection to the result of an auction (成交异议): object, take back, decide."""
