"""Know no business: clock, working days, periods, errors, actors, ids, pages, the database.

Everything else stands on this room. It imports nothing else of ours.
"""
