"""The job's part of the log: places, signed trees, and what a restored database lacks."""
