"""uploads → raw-records: records from outside get a run and an identity, and go the way of every record."""
