"""Gather one case into a signed file (卷宗) that needs nothing from this server to be checked."""
