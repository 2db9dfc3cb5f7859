"""Open the door for programs: our JSON over HTTP, under ``/api/v1``.

One file per noun. A handler decodes, opens the transaction, calls one operation and encodes. It
decides nothing. Who may call what stands in ``policy.py``; which refusal has which status stands
in ``problem.py``.
"""
