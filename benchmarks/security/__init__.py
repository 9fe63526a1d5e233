"""Speed of finding and protecting sensitive data."""
