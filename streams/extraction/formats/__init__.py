"""What is no markup: JSON, tables, PDF, and how a response's format is told."""
