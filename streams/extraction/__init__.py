"""raw-pages → raw-records, page-outcomes: pages become records, their links become rows of the frontier."""
