"""Demands for open data (开放需求征集, GD-08, GS-3): who wants which data open, and what came of it.

Anybody may ask, signed in or not, and keeps a secret to look the answer up with. Demands for the same
thing are joined; whoever answers says that it is planned, open already, or declined and why, inside a
period. What is published is the answer's own words, never those of who asked.
"""
