"""What the register keeps of certificates, by what it is about. The register is public.

register (the certificates, what became of each) · announcements · serials · rights · burdens ·
reissues · transfers · status_lists. A file writes its own tables only.
"""
