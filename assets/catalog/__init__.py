"""Catalogue: what data there is, what it means, how it hangs together, and every version of that knowledge."""
