"""Running jobs: the walk along hops and the entries."""
