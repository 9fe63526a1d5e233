"""Figures on public data with ground truth, beside the published or measured peer."""
