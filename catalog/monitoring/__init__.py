"""Follow a log of ours, also another operator's, by what it publishes, and find what is wrong with it (日志监控).

A witness sees that a log only grows; it does not read it. A monitor replays every leaf: that tiles and
bundles are those that were signed, that no order misses an entry, that the published heads are those that the
leaves give, and what the log says about the subjects somebody watches. It needs no database of the market.
"""
