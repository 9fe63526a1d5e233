"""Tags of columns and assets: proposed from data, decided by people, carried along lineage."""
