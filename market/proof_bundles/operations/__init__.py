"""The use cases of proof bundles: read what goes into one, and remember that it was handed out."""
