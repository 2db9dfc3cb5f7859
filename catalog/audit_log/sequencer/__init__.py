"""What the job does for the log, with the sequencer's role and in transactions of its own."""
