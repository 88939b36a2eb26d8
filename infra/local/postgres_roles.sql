-- Each statement on one line: this is read by `postgres --single`, where nobody needs a password and nobody else can come in.
-- The superuser has no password at all, so it cannot sign in over the network.
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trawl_owner') THEN CREATE ROLE trawl_owner; END IF; END $$;
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trawl_app') THEN CREATE ROLE trawl_app; END IF; END $$;
ALTER ROLE trawl_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{owner}';
ALTER ROLE trawl_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{app}';
REVOKE ALL ON DATABASE trawl, postgres, template1 FROM PUBLIC;
ALTER DATABASE trawl OWNER TO trawl_owner;
GRANT CONNECT ON DATABASE trawl TO trawl_app;
