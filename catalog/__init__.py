"""Register data products: what exists, who holds which right, what is certified (登记).

The ground floor (kernel, rulebooks, signing, audit_log, timers) lies here and is used by all
three packages. The order of the rooms stands in README.md and is enforced by import contracts.
"""
