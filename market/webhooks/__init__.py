"""Tell parties' own services what happened to what is theirs (网络回调), by the Standard Webhooks spec.

The log is the outbox: what a command remembered is told, in the order of the log, to the endpoints of the
parties to the thing. A message says what happened and to what, and no more: who wants to know, asks.
"""
