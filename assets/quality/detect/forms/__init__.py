"""Writings of a value that its column does not use: each module looks at one sort, value by value."""
