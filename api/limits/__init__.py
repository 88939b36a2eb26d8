"""How often somebody may ask: the categories, who is counted, and the taking of tokens."""
