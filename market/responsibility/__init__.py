"""Who answers for which data (责任, GD-01): chief data officers, and the list per department.

A provider names its chief data officer (首席数据官) for the houses to turn to. The list of what is shared
and opened (政务数据共享、开放责任清单) is made from what the catalogue says of public data, department by
department; nobody keeps it beside the catalogue, so it can not disagree with it.
"""
