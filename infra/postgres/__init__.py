"""PostgreSQL: users, jobs, runs, the frontier, what the stages remember. The only room that imports psycopg."""
