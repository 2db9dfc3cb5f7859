"""Gather one case into a signed file (登记卷宗) that needs nothing from this server to be checked.

The materials' digests, opinions, notices, decisions, objections, clocks day by day, certificates, and
of every entry of the log about them the proof; for people as a page to print (HN-05, HN-21, A49).
"""
