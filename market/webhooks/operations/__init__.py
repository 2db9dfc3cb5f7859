"""The use cases of webhooks: keeping endpoints (keeping), telling what happened (delivery)."""
