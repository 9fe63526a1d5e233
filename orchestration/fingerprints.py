"""Which assets are made from files, and the present fingerprint of those files."""
