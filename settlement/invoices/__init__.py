"""Ask for invoices, issue them, and take them back (发票).

The seller of a product invoices its buyer, the platform invoices the seller for its fee. What is
invoiced never comes to more than what was paid less what went back; after a refund a red-letter
invoice (红字发票) takes the difference back. The invoice itself is made in the tax authority's own
system: this room keeps who asked, what was issued there, and that the sums are right.
"""
