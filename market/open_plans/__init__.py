"""Yearly plans of opening public data (公共数据开放年度计划, GD-08, D18).

The authority plans a year: which department opens what until which quarter, the priority fields 气象、
科研、交通 first. A published plan grows, and what it promised is opened, or postponed with a reason that
everybody reads; what is late is shown as late and told once. Publishing a year's plan starts the clock
of the next one.
"""
