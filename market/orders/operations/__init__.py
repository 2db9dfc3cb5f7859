"""The use cases of orders, by the part of an order's life that they belong to."""
