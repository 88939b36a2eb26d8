"""The door: who is let in, under which name of this host, and for how long."""
