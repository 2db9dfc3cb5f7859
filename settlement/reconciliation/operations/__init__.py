"""Hold statements against the books, and settle what differs (对账)."""
