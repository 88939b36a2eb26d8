"""What travels: one Struct per event, declared topics, the codec, and the job description.

Nothing here does I/O. A program in any language needs only what this package generates
(`schemas/generated/`: JSON Schemas and an AsyncAPI document) to talk to Trawl over Kafka.
"""
