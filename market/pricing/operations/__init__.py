"""What is done with filings: filing and recording, inquiries, ceilings, and what its days bring."""
