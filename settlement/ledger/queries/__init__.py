"""Read the books: entries, the money of an order, balances, and what is wrong with them."""
