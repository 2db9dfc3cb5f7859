"""Draw cases and inspectors by public chance, and publish what was found (双随机、一公开).

HN-21(b), RULES §6.4.
"""
