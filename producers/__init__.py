"""What puts events in: dispatch issues tasks, fetch visits pages, politeness says how gently."""
