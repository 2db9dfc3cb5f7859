"""What the two sides do, and what carries their messages."""
