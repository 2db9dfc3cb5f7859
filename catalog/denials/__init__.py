"""Remember what was refused (拒绝留痕): denied accesses, credentials that are not good, failed sign-ins.

A refusal rolls its command back, so that it is remembered in a transaction of its own, before it is
answered. The same refusal again in the same minute is counted in a row, and the count becomes one
more entry when the minute is over: nobody fills the log by asking, and no refusal goes uncounted.
"""
