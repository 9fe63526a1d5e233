"""Benchmarks: each runs the peer beside us in one process tree and prints the ratio."""
