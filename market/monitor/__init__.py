"""Follow logs over HTTP as their monitor, and tell who listens what is wrong (日志监控).

A door of its own beside the market's: a monitor needs no market, no database of one and no keys.
"""
