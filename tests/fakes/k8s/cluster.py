"""State of the double: jobs, pods and their processes, events, versions for watches."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Thing = dict[str, Any]
GRACE_SECONDS = 5.0


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Conditions:
    """What happens to pods made from now on: `pending`, `image` (cannot be pulled) or nothing special."""

    start: str = ""
    start_after: float = 0.0
    oom: bool = False  # a container that ends by SIGKILL counts as out of memory


@dataclass
class Cluster:
    """One cluster. Containers run `command` + `args` with `environment` (the image's) and their own variables."""

    folder: Path
    environment: dict[str, str]
    conditions: Conditions = field(default_factory=Conditions)

    def __post_init__(self) -> None:
        self.lock = threading.Condition()
        self.version = 100
        self.oldest = 100  # watches from before it get 410
        self.things: dict[str, dict[tuple[str, str], Thing]] = {"jobs": {}, "pods": {}, "events": {}}
        self.changes: list[tuple[int, str, str, Thing]] = []
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    # state

    def put(self, kind: str, thing: Thing, change: str = "MODIFIED") -> None:
        with self.lock:
            self.version += 1
            thing["metadata"]["resourceVersion"] = str(self.version)
            key = (thing["metadata"]["namespace"], thing["metadata"]["name"])
            if change == "DELETED":
                self.things[kind].pop(key, None)
            else:
                self.things[kind][key] = thing
            import copy

            self.changes.append((self.version, kind, change, copy.deepcopy(thing)))
            self.lock.notify_all()

    def get(self, kind: str, namespace: str, name: str) -> Thing | None:
        with self.lock:
            return self.things[kind].get((namespace, name))

    def select(self, kind: str, namespace: str, fields: dict[str, str], labels: dict[str, str]) -> list[Thing]:
        with self.lock:
            return [t for (space, _), t in self.things[kind].items() if space == namespace and fits(t, fields, labels)]

    def watch(
        self, kind: str, namespace: str, since: int, seconds: float, fields: dict[str, str], labels: dict[str, str]
    ) -> Iterator[tuple[str, Thing]]:
        deadline = time.monotonic() + seconds
        if since < self.oldest:
            yield "ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            return
        while time.monotonic() < deadline:
            with self.lock:
                found = [c for c in self.changes if c[0] > since and c[1] == kind]
                if not found:
                    self.lock.wait(min(0.2, max(0.0, deadline - time.monotonic())))
            for version, _, change, thing in found:
                since = version
                if thing["metadata"]["namespace"] == namespace and fits(thing, fields, labels):
                    yield change, thing

    def forget_changes(self) -> None:
        """Make every version so far too old for a watch."""
        with self.lock:
            self.oldest = self.version + 1
            self.changes.clear()

    def event(self, thing: Thing, kind: str, reason: str, message: str) -> None:
        name = thing["metadata"]["name"]
        space = thing["metadata"]["namespace"]
        self.put(
            "events",
            {
                "metadata": {"name": f"{name}.{uuid.uuid4().hex[:8]}", "namespace": space},
                "involvedObject": {"kind": "Pod", "name": name, "namespace": space},
                **{"type": kind, "reason": reason, "message": message, "count": 1, "lastTimestamp": now()},
            },
            "ADDED",
        )

    # jobs

    def create_job(self, namespace: str, job: Thing) -> Thing:
        job["metadata"] |= {"namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": now()}
        job["status"] = {"active": 1, "startTime": now()}
        self.put("jobs", job, "ADDED")
        template = job["spec"]["template"]
        name = job["metadata"]["name"]
        labels = template.get("metadata", {}).get("labels", {}) | {"job-name": name}
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job["metadata"]["uid"]}
        metadata = {"name": f"{name}-{uuid.uuid4().hex[:5]}", "labels": labels, "ownerReferences": [owner]}
        self.create_pod(namespace, {"metadata": metadata, "spec": template["spec"]})
        return job

    def _pod_ended(self, pod: Thing) -> None:
        for owner in pod["metadata"].get("ownerReferences", []):
            job = self.get("jobs", pod["metadata"]["namespace"], owner["name"])
            if job is not None:
                good = pod["status"]["phase"] == "Succeeded"
                kind = {"type": "Complete"} if good else {"type": "Failed", "reason": "BackoffLimitExceeded"}
                job["status"] = {
                    **{"startTime": job["status"]["startTime"], "succeeded" if good else "failed": 1},
                    "conditions": [{"status": "True", "lastTransitionTime": now()} | kind],
                }
                self.put("jobs", job)

    # pods

    def create_pod(self, namespace: str, pod: Thing) -> Thing:
        pod["metadata"] |= {"namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": now()}
        pod["status"] = {"phase": "Pending", "startTime": now()}
        self.put("pods", pod, "ADDED")
        threading.Thread(target=self._live, args=(pod, Conditions(**vars(self.conditions))), daemon=True).start()
        return pod

    def log_path(self, pod: Thing) -> Path:
        return self.folder / f"{pod['metadata']['uid']}.log"

    def _live(self, pod: Thing, conditions: Conditions) -> None:
        container = pod["spec"]["containers"][0]
        status = {"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0}
        if conditions.start == "pending":
            message = "0/3 nodes are available: 3 Insufficient memory."
            refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
            pod["status"]["conditions"] = [refused]
            self.put("pods", pod)
            return self.event(pod, "Warning", "FailedScheduling", message)
        if conditions.start == "image":
            waiting = {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{container["image"]}"'}
            pod["status"]["containerStatuses"] = [status | {"ready": False, "state": {"waiting": waiting}}]
            self.put("pods", pod)
            return self.event(pod, "Warning", "Failed", "Error: ImagePullBackOff")
        time.sleep(conditions.start_after)
        process = self._start(pod, container)
        self.event(pod, "Normal", "Started", f"Started container {container['name']}")
        running = {"running": {"startedAt": now()}}
        pod["status"] |= {"phase": "Running", "containerStatuses": [status | {"ready": True, "state": running}]}
        self.put("pods", pod)
        code = process.wait()
        if pod["status"].get("reason") != "Evicted":
            exit_code = 128 - code if code < 0 else code
            reason = "Completed" if code == 0 else "OOMKilled" if code == -9 and conditions.oom else "Error"
            ended = {"terminated": {"exitCode": exit_code, "reason": reason, "finishedAt": now()}}
            phase = "Succeeded" if code == 0 else "Failed"
            pod["status"] |= {"phase": phase, "containerStatuses": [status | {"ready": False, "state": ended}]}
        if self.get("pods", pod["metadata"]["namespace"], pod["metadata"]["name"]) is not None:
            self.put("pods", pod)
        self._pod_ended(pod)

    def _start(self, pod: Thing, container: Thing) -> "subprocess.Popen[bytes]":
        command = [*container.get("command", []), *container.get("args", [])]
        own = {v["name"]: v.get("value", "") for v in container.get("env", [])}
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        environment = {"PATH": path} | self.environment | own | {"HOSTNAME": pod["metadata"]["name"]}
        with self.log_path(pod).open("wb") as log:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.processes[pod["metadata"]["uid"]] = process
        return process

    def evict(self, pod: Thing) -> None:
        message = "The node was low on resource: ephemeral-storage."
        pod["status"] |= {"phase": "Failed", "reason": "Evicted", "message": message, "containerStatuses": []}
        self.event(pod, "Warning", "Evicted", message)
        self.kill(pod)

    def kill(self, pod: Thing) -> None:
        os.killpg(self.processes[pod["metadata"]["uid"]].pid, signal.SIGKILL)

    def delete_pod(self, pod: Thing) -> None:
        """As a kubelet does: SIGTERM, SIGKILL after the grace period; the pod is gone when its process is."""
        pod["metadata"]["deletionTimestamp"] = now()

        def end() -> None:
            process = self.processes.get(pod["metadata"]["uid"])
            if process is not None and process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
            self.put("pods", pod, "DELETED")

        threading.Thread(target=end, daemon=True).start()

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def fits(thing: Thing, fields: dict[str, str], labels: dict[str, str]) -> bool:
    def at(path: str) -> Any:
        value: Any = thing
        for part in path.split("."):
            value = value.get(part, {})
        return value

    has = thing["metadata"].get("labels", {})
    return all(at(k) == v for k, v in fields.items()) and all(has.get(k) == v for k, v in labels.items())
