"""Open the door for operators at a terminal: ``market demo, serve, import, export, verify …``."""
