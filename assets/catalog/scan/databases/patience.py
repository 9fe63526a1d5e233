"""How long drivers wait for a server that takes the connection and says nothing; what a URL says itself stays."""

from assets.catalog.scan.references import scheme_of

CONNECT = 20  # seconds until a connection stands
SILENT = 300  # seconds without a byte while rows are read
_CONNECT = {"postgresql": "connect_timeout", "redshift": "connect_timeout", "mysql": "connect_timeout",
            "mariadb": "connect_timeout"}  # fmt: skip
_SILENT = {"mysql": "read_timeout", "mariadb": "read_timeout"}  # in which their drivers wait for the greeting too


def patient(url: str, *, reads: bool) -> str:
    """A URL with the time limits that its driver knows.

    Args:
        reads: nothing is written, so that a statement may be given up half way.
    """
    scheme = scheme_of(url)
    wanted = {_CONNECT.get(scheme, ""): CONNECT} | ({_SILENT.get(scheme, ""): SILENT} if reads else {})
    for name, seconds in wanted.items():
        if name and f"{name}=" not in url:
            url += f"{'&' if '?' in url else '?'}{name}={seconds}"
    return url
