"""Say who handles a case (经办), and who may see what lies in it (查阅权限, HN-26, HN-28).

Each duty of a case is one account's at a time. Whoever handles it, its own parties, the assigned
agency and the authority that delegates open it; for everybody else it does not exist. Every reading
by others than its own parties is remembered, and so is one that was denied.
"""
