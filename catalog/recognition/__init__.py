"""Recognise certificates of other registrars (互认、外部凭证), beside ours and never counted as ours.

The bureau names the registrars whose certificates are recognised, with their keys where they have some. A
supplier imports a certificate of its product; it is verified by its signature, or by two people with a
recorded source; the operator recognises it, looks at it again in time, or withdraws it. What is recognised
lets a product be listed without another review (国数综政策〔2026〕35号 art. 31), and is seen by the search for
conflicts (HN-07).
"""
