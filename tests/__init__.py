"""Tests are sentences. The folders say what they need: pure nothing, store a database, …"""
