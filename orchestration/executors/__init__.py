"""Executors: the bundling executor, its places, and the worker that runs a bundle."""
