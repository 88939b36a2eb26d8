"""raw-records → clean-records, dead-letters: raw values become typed ones, the same for the same batch, always."""
