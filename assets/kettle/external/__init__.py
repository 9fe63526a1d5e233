"""Real Kettle engines, when configured: pan, kitchen, Carte, hop-run."""
