-- The roles of a PostgreSQL of your own (15 or newer). Run once as a superuser, before the first
-- start:   psql -v ON_ERROR_STOP=1 -f deploy/postgres/roles.sql
-- It may be run again: what is there stays. The embedded database needs none of this.
--
-- shushi_owner      owns the database and its tables, migrates the schema, and is the one login of
--                   DATABASE_URL. It is no superuser. CREATEROLE lets the migrations look after the
--                   two roles below; it may be taken away between upgrades.
-- market_api        what a request may do: no UPDATE or DELETE on the audit log or the ledger, and
--                   row-level security decides which rows it sees.
-- market_sequencer  gives the audit log's leaves their places, and nothing else.
--
-- The last two are NOLOGIN: the service signs in as shushi_owner and takes on one of them in each
-- transaction, so one password is enough and no request runs with the owner's rights.

DO $$
DECLARE
    role text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shushi_owner') THEN
        CREATE ROLE shushi_owner LOGIN NOSUPERUSER NOCREATEDB CREATEROLE NOBYPASSRLS;
    END IF;
    FOREACH role IN ARRAY ARRAY['market_api', 'market_sequencer'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format(
                'CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', role);
        END IF;
        EXECUTE format('GRANT %I TO shushi_owner', role);
    END LOOP;
END $$;

-- The password is not in this file: \password shushi_owner
-- The database; template0, so that Chinese text has letters whatever the server's default is.
SELECT 'CREATE DATABASE shushi OWNER shushi_owner TEMPLATE template0 ENCODING ''UTF8'' '
       'LC_COLLATE ''C.UTF-8'' LC_CTYPE ''C.UTF-8'''
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'shushi') \gexec

REVOKE CONNECT, TEMPORARY ON DATABASE shushi FROM PUBLIC;
GRANT CONNECT ON DATABASE shushi TO market_api, market_sequencer;
