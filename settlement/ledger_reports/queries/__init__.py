"""Read what the reports on the ledger are made of: sums, lines of an account, divisions."""
