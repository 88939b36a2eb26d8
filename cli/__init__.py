"""People's way in: the `trawl` command. It starts processes and talks to a gateway; it does none of the work itself."""
