"""What registration keeps, by what it is about.

applications · consents · filed · reviews · authorisations. A file writes its own tables only; `rows` says how
a struct becomes a row.
"""
