"""PostgreSQL: users, jobs, runs, the frontier, and what the stages must remember. The only room that imports psycopg."""
