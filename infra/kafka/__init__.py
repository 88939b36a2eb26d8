"""Kafka: topics, publishing, reading, and the lossless loop. The only room that imports aiokafka and faust."""
