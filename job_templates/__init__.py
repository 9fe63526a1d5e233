"""Job templates: one folder each, with a typed template.yaml and a plain main.py."""
