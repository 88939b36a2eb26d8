"""The doors: what can be asked over HTTP."""
