"""fetch-tasks → raw-pages: visits pages, politely, under the lease of their host."""
