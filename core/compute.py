"""What HEDDLE_COMPUTE says: where heavy steps run."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

FORMS = "local, ray://HOST:PORT, ray://local or k8s://CONTEXT/NAMESPACE?image=IMAGE (CONTEXT may be in-cluster)"
IN_CLUSTER = "in-cluster"
_PARAMETERS = {"image", "runs", "service_account"}


@dataclass(frozen=True)
class Compute:
    """Parsed HEDDLE_COMPUTE.

    Attributes:
        address: of a Ray cluster; empty for a Ray of its own on this machine.
        context: kubeconfig context; empty inside a cluster.
        runs: whether whole runs are Kubernetes Jobs too, launched by dagster-k8s.
    """

    kind: Literal["local", "ray", "k8s"]
    address: str = ""
    context: str = ""
    namespace: str = ""
    image: str = ""
    service_account: str = ""
    runs: bool = False


def parse(text: str) -> Compute:
    """Read a value of HEDDLE_COMPUTE.

    Raises:
        ValueError: it has none of the forms, or lacks a part.
    """
    if text == "local":
        return Compute("local")
    url = urlsplit(text)
    parameters = dict(parse_qsl(url.query))
    if url.scheme == "ray" and url.netloc and not url.path.strip("/") and not parameters:
        return Compute("ray", address="" if url.netloc == "local" else text)
    if url.scheme != "k8s":
        raise ValueError(f"must be {FORMS}")
    if unknown := set(parameters) - _PARAMETERS:
        raise ValueError(
            f"has unknown parameters {', '.join(sorted(unknown))}; known: {', '.join(sorted(_PARAMETERS))}"
        )
    namespace = url.path.strip("/")
    if not url.netloc or not namespace or "/" in namespace or not parameters.get("image"):
        raise ValueError("needs a context, a namespace and an image: k8s://CONTEXT/NAMESPACE?image=IMAGE")
    if parameters.get("runs", "local") not in ("local", "k8s"):
        raise ValueError("runs=… must be local or k8s")
    context = unquote(url.netloc)
    return Compute(
        "k8s",
        context="" if context == IN_CLUSTER else context,
        namespace=namespace,
        image=parameters["image"],
        service_account=parameters.get("service_account", ""),
        runs=parameters.get("runs") == "k8s",
    )


def check(text: str) -> str:
    """The value, if it can be read.

    Raises:
        ValueError: as `parse`.
    """
    parse(text)
    return text
