"""The use cases of an auction (竞价): plan and announce, bid, open and decide, award and settle."""
