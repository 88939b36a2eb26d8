"""raw-pages → raw-records, page-outcomes, once more: stored pages read again by other rules; nothing is fetched."""
