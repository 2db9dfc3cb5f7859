"""What is kept of orders (订单), by what it is about.

orders · bundles · contracts · standings · destructions · payout holds. A file writes its own tables only.
"""
