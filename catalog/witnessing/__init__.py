"""Let others see that the log only grew (见证): C2SP tlog-cosignature, -witness, -policy and -proof.

A log that signs two histories shows one to each of its readers. A witness signs only what continues
what it saw before, so whoever asks for the cosignatures of a few witnesses sees what all others see.
This room has both sides: what a witness of other logs does, and what our log asks of its witnesses.
The format is told in FORMAT.md.
"""
