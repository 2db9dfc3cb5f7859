"""Keep the books: every movement of money as one entry that balances (复式账).

One entry debits one account and credits one or more; the sum of its legs is zero. The rule stands
in ``journal.py`` and again, as constraints and triggers, in the database. Rows are only added.
Who owns an account and what it is for is the chart of accounts (会计科目表),
``seeds/reference/chart_of_accounts.toml``.
"""
