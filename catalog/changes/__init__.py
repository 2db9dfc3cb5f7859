"""Change or correct what a certificate says (变更登记、更正): accepted, reviewed, issued anew.

The same days as a first registration, without a public notice (HN-18, A21).
"""
