"""Remember with which settings and tables the service runs (配置留痕), whenever that changes.

Secrets are left out: of each only whether it is set.
"""
