"""Statements of the search: what changed beyond an index, the documents, and PostgreSQL as an index itself."""
