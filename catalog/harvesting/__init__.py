"""Take catalogues of others in on a schedule (收割): CKAN and DCAT, with provenance.

The operator names a source; a run reads it page by page, and each page is one transaction with the
place of the next one: whoever is killed goes on there, and nothing counts twice. Records become
imported products. What another source has already is told and not taken; what is no longer there is
taken back with a tombstone, after a whole run, and not if too much is gone at once.
"""
