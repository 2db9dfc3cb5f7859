"""Do what time brings about: the clock as a visitor (定时任务).

Each job asks what is due and calls one operation per item, each in a transaction of its own, with
``FOR UPDATE SKIP LOCKED``. So several workers may run the same job, and one that is killed
half-way leaves the rest for the next.
"""
