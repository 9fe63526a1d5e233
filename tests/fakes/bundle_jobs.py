"""Jobs that tests run under the bundling executor; what they do beyond computing is asked for by files in BENCH."""

import os
import signal
import time
from pathlib import Path

import dagster as dg

from orchestration.executors.bundling import bundling_executor

BENCH = "BUNDLE_BENCH"  # folder named by this variable


def bench() -> Path:
    return Path(os.environ[BENCH])


def note(name: str) -> None:
    """Append the process id to a file: one line each time a step ran."""
    with (bench() / f"{name}.pids").open("a") as file:
        file.write(f"{os.getpid()}\n")


def ran(name: str) -> list[int]:
    path = bench() / f"{name}.pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def misbehave(name: str) -> None:
    """Do once what a file named after the step asks for."""
    while (bench() / f"{name}.wait").exists():
        time.sleep(0.05)
    for kind in ("kill", "raise", "hang"):
        path = bench() / f"{name}.{kind}"
        if path.exists():
            path.unlink()
            if kind == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if kind == "hang":
                time.sleep(600)
            raise ValueError(f"{name} was told to fail")


@dg.op
def first() -> list[int]:
    note("first")
    return [1]


@dg.op
def second(given: list[int]) -> list[int]:
    note("second")
    misbehave("second")
    return [*given, 2]


@dg.op(
    tags={
        "dagster-k8s/config": {
            "container_config": {"resources": {"limits": {"memory": "4Gi"}}},
            "pod_spec_config": {"node_selector": {"disk": "fast"}},
        }
    }
)
def big(given: list[int]) -> list[int]:
    note("big")
    return [*given, 5]


@dg.op
def third(given: list[int]) -> list[int]:
    note("third")
    return [*given, 3]


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2, delay=0.1))
def stubborn(given: list[int]) -> list[int]:
    note("stubborn")
    given.append(9)  # in place: a second try must not see it
    misbehave("stubborn")
    return given


@dg.op(out={"some": dg.Out(int, is_required=False), "other": dg.Out(int, is_required=False)})
def choose():
    yield dg.Output(1, "some")


@dg.op
def take(given: int) -> int:
    note("take")
    return given


@dg.op
def gather(given: list[int]) -> int:
    note("gather")
    return sum(given)


@dg.op(out=dg.DynamicOut(int))
def spread():
    for n in range(3):
        yield dg.DynamicOutput(n, mapping_key=str(n))


@dg.op(tags={"heddle/executor": "process"})
def here(given: list[int]) -> list[int]:
    note("here")
    return [*given, 4]


@dg.op(pool="scarce")
def pooled() -> float:
    note("pooled")
    begun = time.time()
    time.sleep(0.4)
    (bench() / f"pooled-{begun}").touch()
    return begun


@dg.resource
def fragile(_context: dg.InitResourceContext) -> int:
    misbehave("resource")
    return 1


@dg.op(required_resource_keys={"fragile"})
def needing() -> int:
    return 1


@dg.op(required_resource_keys={"fragile"})
def needing_too(given: int) -> int:
    return given


@dg.success_hook
def applaud(context: dg.HookContext) -> None:
    note(f"hook-{context.op.name}")


def _job(graph, name: str, **config) -> dg.JobDefinition:
    fast = {"poll_seconds": 0.05} | config
    return graph.to_job(name=name, executor_def=bundling_executor.configured(fast))


@dg.graph
def chain_graph():
    third(second(first()))


@dg.graph
def resource_graph():
    needing_too(needing())


@dg.graph
def retry_graph():
    third(stubborn(first()))


@dg.graph
def branch_graph():
    some, other = choose()
    take(some)
    take.alias("skipped")(other)
    gather([take.alias("left")(some), take.alias("right")(other)])


@dg.graph
def dynamic_graph():
    gather(spread().map(take).map(take.alias("again")).collect())


@dg.graph
def places_graph():
    third(here(second(first())))


@dg.graph
def pool_graph():
    for n in range(3):
        pooled.alias(f"pooled_{n}")()


@dg.graph
def reserved_graph():
    third(big(first()))


@dg.graph
def parallel_graph():
    for n in range(3):
        third.alias(f"third_{n}")(first.alias(f"first_{n}")())


def chain() -> dg.JobDefinition:
    return _job(chain_graph, "chain")


def chain_in_memory() -> dg.JobDefinition:
    return _job(chain_graph, "chain_in_memory", keep="memory")


def hooked() -> dg.JobDefinition:
    return _job(chain_graph, "hooked").with_hooks({applaud})


def with_resource() -> dg.JobDefinition:
    config = {"poll_seconds": 0.05}
    executor = bundling_executor.configured(config)
    return resource_graph.to_job(name="with_resource", executor_def=executor, resource_defs={"fragile": fragile})


def retrying() -> dg.JobDefinition:
    return _job(retry_graph, "retrying")


def branching() -> dg.JobDefinition:
    return _job(branch_graph, "branching")


def dynamic() -> dg.JobDefinition:
    return _job(dynamic_graph, "dynamic")


def in_places() -> dg.JobDefinition:
    return _job(places_graph, "in_places")


def pools() -> dg.JobDefinition:
    return _job(pool_graph, "pools", max_concurrent=3)


def parallel() -> dg.JobDefinition:
    return _job(parallel_graph, "parallel", max_concurrent=2)


def in_process() -> dg.JobDefinition:
    return _job(chain_graph, "in_process", place="process")


def on_k8s() -> dg.JobDefinition:
    return chain_graph.to_job(name="on_k8s", executor_def=bundling_executor)


def retrying_on_k8s() -> dg.JobDefinition:
    return retry_graph.to_job(name="retrying_on_k8s", executor_def=bundling_executor)


def reserved() -> dg.JobDefinition:
    return reserved_graph.to_job(name="reserved", executor_def=bundling_executor)


def on_ray() -> dg.JobDefinition:
    return _job(chain_graph, "on_ray", place="ray", look_seconds=0.2)
