"""Changes to databases of sources: registered actions, DDL after review, everything logged in the catalogue."""
