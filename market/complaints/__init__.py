"""Complaints, reports and disputes (投诉、举报、纠纷处理, RULES §6.3, QD-S2, PIR-1, SIX-7).

Anybody may complain, named or not, and looks up with a secret what came of it. Who is complained of
never handles it: what is about the operator goes to the authority. Evidence is held, what does harm may
be frozen meanwhile, both are told, either may go once to the authority or to arbitration.
"""
