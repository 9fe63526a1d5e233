"""What differs between two versions of a table or a source, what of it breaks whom, and the way back."""
