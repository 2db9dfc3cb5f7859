"""Own a lane, and post what waits in it."""
