"""Tell Prometheus how the service does (运行指标): on a listener of its own, which only the operator reaches.

What happens in a process is counted there (``counted``); what stands in the database is read when it is asked
for (``standing``). Which alert means what, and what to do, stands in ``deploy/RUNBOOK.md``.
"""
