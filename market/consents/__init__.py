"""Consents (个人授权): that a person allows one use of what is about it, to one recipient, until a day (BJ-21).

Whoever collected the data enters them; the person is known here by a keyed hash alone, and holds a
secret by which it withdraws, gets its consents out, or learns where to complain (PIR-1). A consent
that was withdrawn or is over stops every use of the content that holds the person's data.
"""
