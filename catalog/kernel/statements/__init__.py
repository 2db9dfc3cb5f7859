"""Statements as text, before they go to the database."""
