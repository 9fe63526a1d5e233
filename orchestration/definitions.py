"""What `workspace.yaml`, `dg` and `dagster dev` load."""

import dagster as dg

from orchestration.build import build_definitions


@dg.definitions
def defs() -> dg.Definitions:
    """All of Heddle, from the settings of this process."""
    return build_definitions()
