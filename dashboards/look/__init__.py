"""How everything looks: the colours of a nautical chart, in one place for the pages and for the plots."""
