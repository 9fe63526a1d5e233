"""Who may see which rows and columns: one policy for every way that leads out of the platform."""
