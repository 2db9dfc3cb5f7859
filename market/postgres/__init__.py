"""Run PostgreSQL for those who have none (内置数据库).

A person who starts the market on a fresh machine should not have to install a database. This door
finds PostgreSQL's programs (an own installation, the wheel, or ``pg_config``), makes a cluster in
the data directory, starts it without any network port, and stops it when its last user is gone.
Whoever has a real PostgreSQL sets ``DATABASE_URL`` and never comes here: the SQL is the same.

Callers need ``cluster.py`` only: ``ensure_running``, ``stop``, ``Server`` and ``ServiceLock``.
"""
