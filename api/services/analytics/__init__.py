"""Questions about many records at once: asked, checked, answered, kept for a moment."""
