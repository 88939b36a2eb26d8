"""PostgreSQL → fetch-tasks: chooses what is visited next, and says when a run is over."""
