"""Reference data and the demo story, told through the public interface and never through SQL."""
