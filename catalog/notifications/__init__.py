"""Tell a party what it has to know (通知), with proof of when it was received (HN-10, HN-20, A40)."""
