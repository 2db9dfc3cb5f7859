"""Statements over what is public: facts of products, what is found, and what the catalogue is made of."""
