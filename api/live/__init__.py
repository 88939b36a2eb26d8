"""What happens, as it happens: one reader of Kafka for the whole gateway, fanned out to its WebSockets."""
