"""Keep the log: outbox, leaves, tiles, state, checkpoints, and the payloads that can be erased."""
