"""Know to which bank account a party is paid, before anything is paid (收款账户).

A party hands its account in; one of the operator's people checks it, another verifies it. The number
lies sealed: people see its last four digits, and only the file for the bank has all of it.
"""
