"""Change the schema step by step: Alembic revisions, expand first and contract later."""
