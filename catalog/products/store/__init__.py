"""Tables and statements of the products: themselves and what is delivered, and where they come from."""
