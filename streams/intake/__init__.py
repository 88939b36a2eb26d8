"""scrape-requests → frontier: opens the run and puts its first URLs into the frontier."""
