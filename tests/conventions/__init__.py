"""Rules that the tree keeps."""
