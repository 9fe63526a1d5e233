"""The handbook's index as a LlamaIndex retriever, for applications built with that library."""

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assets.knowledge.search import HandbookIndex


class HandbookRetriever(BaseRetriever):
    """Gives the `top` best chunks of one index version as nodes; a node's id is the chunk's."""

    def __init__(self, index: HandbookIndex, top: int = 5) -> None:
        self._index = index
        self._top = top
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [
            NodeWithScore(
                score=hit.score,
                node=TextNode(
                    id_=hit.chunk.id,
                    text=hit.chunk.text,
                    metadata={
                        "document": hit.chunk.document,
                        "heading": " > ".join(hit.chunk.heading),
                        "page": hit.chunk.page,
                        "index": self._index.version,
                    },
                ),
            )
            for hit in self._index.search(query_bundle.query_str, self._top)
        ]
