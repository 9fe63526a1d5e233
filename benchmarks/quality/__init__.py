"""Speed and memory of finding, repairing, linking and fusing."""
