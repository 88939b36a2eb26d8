"""Bytes that are too large for a message, by reference: a folder, or an object store that speaks S3, GCS or Azure."""
