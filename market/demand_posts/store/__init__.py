"""What this room keeps, by what it is about.

posts (with all that each ever said) · board (what others see of them) · matches (with what was said
of them, and up to where the catalogue was looked at). A file writes its own tables only.
"""
