"""Entity resolution: which rows are the same thing, and the golden table made of them."""
