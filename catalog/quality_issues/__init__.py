"""Trace what is wrong with data back to who can put it right (数据质量逐级倒查反馈机制, BJ-24, GD-03).

Whoever uses data reports a problem on one of the four dimensions. The operator walks up, one source at a
time, each step remembered; whoever supplied the last one answers in ten working days [P], and what came
of it is told to who reported it.
"""
