"""Which modules' source makes the versions of the domain's assets. Names only, so that nothing is imported."""

from assets.knowledge.parse import MODULES

DOCUMENTS = (
    *MODULES,
    "assets.knowledge.blocks",
    "assets.knowledge.chunk",
)
INDEX = (
    "assets.knowledge.blocks",
    "assets.knowledge.coverage",
    "assets.knowledge.cues",
    "assets.knowledge.evaluate",
    "assets.knowledge.evidence",
    "assets.knowledge.extract",
    "assets.knowledge.fusion",
    "assets.knowledge.index",
    "assets.knowledge.questions",
    "assets.knowledge.search",
    "assets.knowledge.sparse",
    "assets.knowledge.tokens",
    "resources.embed_graph",
    "resources.embed_minilm",
)
