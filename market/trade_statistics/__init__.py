"""Tell what the trade comes to by industry, scenario, region and month (交易统计, F32).

Computed from the entries of closed months and what was frozen with their orders, kept nowhere: the
same months are always the same bytes. Each table comes to the ledger, or nothing is handed out.
"""
