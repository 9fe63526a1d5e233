"""POST /features/online: the last values of features, from the online store.

The request is `{"features": ["view:feature", "view"], "entities": {"key": [value, …]}}`. The answer has the features'
names in `metadata.feature_names` and, for each, `values`, `statuses` and `event_timestamps` of all entity rows in
`results`, as Feast's feature server gives them. NaN and infinity are null in JSON.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from assets.features.registry.encode import EPOCH
from assets.features.registry.online import OnlineReader, Values
from assets.security.access.model import AccessError
from core.errors import SourceError, StoreError
from serving.errors import Refused
from serving.v2 import decode

if TYPE_CHECKING:
    from resources.ports import OnlineStore

MAX_ROWS = 10_000
Seen = Callable[[list[Values], Mapping[str, Sequence[Any]]], list[Values]]


class OnlineFeatures:
    """Answers requests over a store.

    Args:
        quick: the store is in this machine's files, so a small request is answered without a thread.
        seen: what may be given out of the values that were read, for the entities that were asked for; all by default.
    """

    def __init__(self, store: "OnlineStore", *, quick: bool, seen: "Seen | None" = None) -> None:
        self.store = store
        self.quick = quick
        self._seen = seen
        self._reader = OnlineReader(store)

    def answer(self, body: bytes) -> bytes:
        """The answer to a request's body.

        Raises:
            Refused: 400 for what is wrong with the request, 503 when the store cannot be read.
        """
        import orjson

        refs, entities = _request(decode(body))
        try:
            found = self._reader.read(refs, entities)
            found = self._seen(found, entities) if self._seen else found
        except AccessError as error:
            raise Refused(403, error.what, error.fix) from None
        except SourceError as error:
            raise Refused(400, error.what, error.fix) from None
        except StoreError as error:
            raise Refused(503, error.what, error.fix) from None
        results = [
            {"values": v.values, "statuses": v.statuses, "event_timestamps": list(map(_moment, v.events))}
            for v in found
        ]
        return orjson.dumps({"metadata": {"feature_names": [v.ref for v in found]}, "results": results})


def _request(content: Any) -> tuple[list[str], dict[str, list[Any]]]:
    if not isinstance(content, dict) or content.keys() != {"features", "entities"}:
        raise Refused(
            400, "the body has not the fields features and entities", 'send {"features": […], "entities": {…}}'
        )
    refs, entities = content["features"], content["entities"]
    if not isinstance(refs, list) or not refs or not all(isinstance(r, str) for r in refs):
        raise Refused(400, "`features` is not a list of names", 'name them as "view:feature" or "view"')
    if not isinstance(entities, dict) or not entities or not all(isinstance(v, list) for v in entities.values()):
        raise Refused(400, "`entities` is not an object of lists", 'send {"key": [value, …]}')
    rows = max(map(len, entities.values()))
    if rows > MAX_ROWS:
        raise Refused(413, f"{rows} entity rows are more than {MAX_ROWS}", "ask in several requests")
    return refs, entities


def _moment(microseconds: int | None) -> str | None:
    return None if microseconds is None else f"{(EPOCH + timedelta(microseconds=microseconds)).isoformat()}Z"
