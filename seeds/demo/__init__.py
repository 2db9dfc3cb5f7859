"""Tell a quarter in the market: real steps over the public interface, on our own small data."""
