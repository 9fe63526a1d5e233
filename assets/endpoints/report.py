"""What a deployment tells Dagster's event log, whether a run or the command line made it."""

import json
from typing import Any

from assets.endpoints.deploy import Deployment
from core.hashing import digest


def data_version(done: Deployment) -> str:
    """What is served: the version and its files."""
    return digest([done.version, done.content])


def metadata(done: Deployment) -> dict[str, Any]:
    """Plain values by name; Dagster infers their kinds."""
    body = json.dumps({"rows": [done.example]}, ensure_ascii=False).replace("'", "'\\''")
    return {
        "url": done.url,
        "version": done.version,
        "previous version": done.previous or "none",
        "p50 ms": round(done.smoke.p50 * 1000, 3),
        "p99 ms": round(done.smoke.p99 * 1000, 3),
        "largest difference": done.smoke.worst,
        "example": f"curl -s -X POST {done.url} -d '{body}'",
        "server started": done.server_started,
    }
