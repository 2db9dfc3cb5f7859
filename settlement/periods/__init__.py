"""Close the books of a month (月结), so that nothing of it changes any more.

A month that is over is closed in steps, each a transaction that can be run again: no entry more is
let in, all who still write are waited for, each entry gets its number without a gap (凭证号), the
entries are chained in that order, the trial balance is struck, and what stands on accounts that
should be empty is explained. The whole is sealed in the audit log. What comes late is booked in an
open month and says which one it adjusts; what was wrong is adjusted by two people.
"""
