"""Keep every clock that runs against someone (期限): what is due, against whom, by which rule.

A timer is started and met by the command that it belongs to. One that runs out is marked overdue,
for the regulator to see (HN-05); it decides nothing by itself, since the text knows no deemed
approval (默示批准, A12). Deadlines in a year without a notice are provisional and are computed
again when the State Council's notice is loaded (RULES §11.2, A5). The calendar is kept here.
"""
