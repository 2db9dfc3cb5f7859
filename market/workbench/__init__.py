"""Show what waits for someone, the most pressing first (工作台、待办).

The heads are 严重超期, 已超期, 即将到期, 未到期. Every line is a timer: the law's clock is the queue,
so that nothing owed can be missing from it (HN-10, HN-12, HN-20).
"""
