"""What the gateway answers with, as models with examples: the documentation shows these."""
