"""Words that suddenly many speak of: distinct sources per term and slot, and whether that is a burst."""
