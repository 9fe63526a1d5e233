"""A bundle as a Kubernetes Job, made with dagster-k8s's own helpers so that `dagster-k8s/config` tags work."""

import time
import uuid
from collections.abc import Iterator
from typing import Any, cast

import dagster as dg

from core.errors import SettingsError
from orchestration.executors._compat import CheckStepHealthResult, StepHandlerContext
from orchestration.executors.options import Options
from orchestration.executors.place import Bundle, BundleContext, Place, starting

CONFIG_TAG = "dagster-k8s/config"
REQUEST_SECONDS = 10.0
CREATE_TRIES = 4  # for an API server that is busy or failing, with 1, 2 and 4 seconds between
RUNNING_FACTOR = 5
SHOWN = 3000  # characters of a pod's description that a failure carries
CONTEXT_KEYS = (
    *("image_pull_policy", "image_pull_secrets", "service_account_name", "env_config_maps", "env_secrets", "env_vars"),
    *("volume_mounts", "volumes", "labels", "namespace", "resources", "scheduler_name", "security_context"),
)
OWN_KEYS = ("image", "context", "kubeconfig", "in_cluster", "step_k8s_config", "per_step_k8s_config")


class K8sPlace(Place):
    """Kubernetes Jobs. Config `k8s`: where the cluster is, and what each Job gets (docs/executors.md)."""

    remote = True

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        if unknown := set(options.k8s) - {*CONTEXT_KEYS, *OWN_KEYS}:
            raise dg.DagsterInvalidDefinitionError(f"executor config k8s: unknown {', '.join(sorted(unknown))}")
        self._client: Any = None

    @property
    def name(self) -> str:
        """For messages."""
        return "k8s"

    @property
    def client(self) -> Any:
        """dagster-k8s's client, connected on first use."""
        if self._client is None:
            import kubernetes.config
            from dagster_k8s.client import DagsterKubernetesClient
            from dagster_k8s.utils import apply_no_proxy_env_workaround

            given = self.options.k8s
            if given.get("in_cluster", not given.get("context") and not given.get("kubeconfig")):
                kubernetes.config.load_incluster_config()
            else:
                kubernetes.config.load_kube_config(given.get("kubeconfig"), given.get("context"))
            apply_no_proxy_env_workaround()
            connect: Any = DagsterKubernetesClient.production_client
            self._client = connect()
        return self._client

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Create the Job.

        Raises:
            ApiException: the API server refuses it, or is still failing after several tries.
        """
        context = cast(BundleContext, step_handler_context)
        bundle = context.bundle
        job, namespace = self.job(context)
        name = job.metadata.name
        bundle.worker = (name, namespace)
        yield starting(context, f"Creating Kubernetes job {name} for {bundle.shown()}.", (name, namespace))
        self._create(job, namespace)

    def job(self, context: BundleContext) -> tuple[Any, str]:
        """The Job for a bundle, and its namespace."""
        from dagster_k8s.job import construct_dagster_k8s_job

        bundle, run = context.bundle, context.dagster_run
        container = self._container(context)
        name = f"heddle-bundle-{run.run_id[:8]}-{uuid.uuid4().hex[:8]}"
        variables = [
            *context.execute_step_args.get_command_env(),
            {"name": "DAGSTER_RUN_JOB_NAME", "value": run.job_name},
            {"name": "DAGSTER_RUN_STEP_KEY", "value": bundle.keys[0]},
        ]
        job = construct_dagster_k8s_job(
            job_config=self._job_config(context, container),
            args=["python", *self.arguments(bundle)],
            job_name=name,
            pod_name=name,
            component="step_worker",
            user_defined_k8s_config=container.run_k8s_config,
            labels={"dagster/job": run.job_name, "dagster/op": bundle.keys[0], "dagster/run-id": run.run_id},
            env_vars=variables,
        )
        return job, container.namespace or "default"

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """How the Job and its pod are.

        Raises:
            ApiException: the API server does not answer as it should.
        """
        from kubernetes.client.rest import ApiException

        bundle = cast(BundleContext, step_handler_context).bundle
        name, namespace = bundle.worker
        try:
            found = self.client.batch_api.read_namespaced_job_status(name, namespace, _request_timeout=REQUEST_SECONDS)
        except ApiException as error:
            if error.status == 404:
                return CheckStepHealthResult.unhealthy(f"Kubernetes job {name} is gone: somebody deleted it")
            raise
        status = found.status
        if status.failed:
            return CheckStepHealthResult.unhealthy(f"Kubernetes job {name} failed. {self._describe(bundle)}")
        if status.succeeded:
            return CheckStepHealthResult.unhealthy(f"Kubernetes job {name} has ended")
        waited = time.monotonic() - bundle.launched
        limit = self.options.start_seconds
        if not bundle.seen and waited > limit and waited > (limit := self._start_seconds(bundle)):
            described = self._describe(bundle)
            self.client.delete_job(job_name=name, namespace=namespace)  # it must not start after all
            return CheckStepHealthResult.unhealthy(
                f"Kubernetes job {name} did not start within {limit:g} s. {described}"
            )
        return CheckStepHealthResult.healthy()

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[dg.DagsterEvent]:
        """Delete the Job and its pod."""
        bundle = cast(BundleContext, step_handler_context).bundle
        name, namespace = bundle.worker
        self.client.delete_job(job_name=name, namespace=namespace)
        yield from ()

    def _create(self, job: Any, namespace: str) -> None:
        from kubernetes.client.rest import ApiException
        from urllib3.exceptions import HTTPError

        for attempt in range(CREATE_TRIES):
            try:
                self.client.batch_api.create_namespaced_job(namespace, job, _request_timeout=REQUEST_SECONDS)
                return
            except (ApiException, HTTPError) as error:
                status = getattr(error, "status", 0)
                if status == 409 and attempt:  # the try before did create it
                    return
                passing = not status or status in (408, 429) or status >= 500
                if not passing or attempt == CREATE_TRIES - 1:
                    raise
                wait = (getattr(error, "headers", None) or {}).get("Retry-After", "")
                time.sleep(float(wait) if wait.isdigit() and int(wait) < 60 else 2.0**attempt)

    def _start_seconds(self, bundle: Bundle) -> float:
        """How long the worker may say nothing: a pod that runs already gets more time to load the definitions."""
        name, namespace = bundle.worker
        runs = any(pod.status.phase == "Running" for pod in self.client.get_pods_in_job(name, namespace))
        return self.options.start_seconds * (RUNNING_FACTOR if runs else 1)

    def _container(self, context: BundleContext) -> Any:
        from dagster_k8s.container_context import K8sContainerContext
        from dagster_k8s.job import UserDefinedDagsterK8sConfig, get_user_defined_k8s_config

        raw: Any = UserDefinedDagsterK8sConfig.from_dict
        given, first = self.options.k8s, context.bundle.keys[0]
        step = context.get_step_context(first).step
        own = {k: v for k, v in given.items() if k in CONTEXT_KEYS}
        layers = [
            K8sContainerContext(**own, run_k8s_config=raw(given.get("step_k8s_config", {}))),
            K8sContainerContext(run_k8s_config=get_user_defined_k8s_config(context.step_tags[first])),
            K8sContainerContext(run_k8s_config=raw(given.get("per_step_k8s_config", {}).get(step.op_name, {}))),
        ]
        # run-level tags stay with the run's own pod
        merged = K8sContainerContext.create_for_run(context.dagster_run, self._launcher(context), False)
        for layer in layers:
            merged = merged.merge(layer)
        return merged

    def _job_config(self, context: BundleContext, container: Any) -> Any:
        from dagster_k8s.job import DagsterK8sJobConfig

        origin = context.execute_step_args.job_origin.repository_origin
        image = self.options.k8s.get("image") or origin.container_image
        if launcher := self._launcher(context):
            config = container.get_k8s_job_config(image, launcher)
        else:
            config = DagsterK8sJobConfig(job_image=image, dagster_home=None)
        if not config.job_image:
            raise SettingsError("bundles on Kubernetes need an image", "set ?image= in HEDDLE_COMPUTE, or k8s.image")
        return config

    def _launcher(self, context: BundleContext) -> Any:
        from dagster_k8s import K8sRunLauncher

        launcher = context.instance.run_launcher
        return launcher if isinstance(launcher, K8sRunLauncher) else None

    def _describe(self, bundle: Bundle) -> str:
        """What the pod, its log and its events say."""
        from kubernetes.client.rest import ApiException
        from urllib3.exceptions import HTTPError

        name, namespace = bundle.worker
        try:
            pods = self.client.get_pods_in_job(name, namespace)
            if not pods:
                return str(self.client.get_job_debug_info(name, namespace))[:SHOWN]
            pod = pods[-1]
            reason = " ".join(filter(None, (pod.status.reason, pod.status.message)))
            described = self.client.get_pod_debug_info(pod.metadata.name, namespace, pod=pod)
            return f"{reason + chr(10) if reason else ''}{described}"[:SHOWN]
        except (ApiException, HTTPError) as error:
            return f"No more is known: {error}"
