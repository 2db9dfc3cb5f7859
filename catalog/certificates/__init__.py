"""Issue the certificate of rights registration (数据产品确权登记凭证) and keep its register.

A certificate is a signed document that never changes; whether it still counts is looked up live,
so that its signature stays good after a revocation. Its digest stands in the audit log, so that
none can be issued in secret or dated back. The format is told in FORMAT.md.

Source: HN-16, HN-17, HN-19, HN-20; the life is RULES §5.2.
"""
