"""What is done in a spot check: plan and draw, carry out, publish and put right (HN-21(b), RULES §6.4)."""
