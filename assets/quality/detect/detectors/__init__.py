"""Detectors of what is wrong with rows and columns: each module looks at one sort and makes findings with a rule."""
