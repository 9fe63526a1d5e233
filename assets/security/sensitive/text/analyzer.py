"""The same finders as recognisers of presidio-analyzer, and presidio's engine without a language model.

`recognizers()` can be added to any presidio registry: each finder is one EntityRecognizer for Chinese and for English.
They weigh context words themselves, so presidio's own enhancer leaves their results alone. `Presidio` runs them in its
engine over an NLP engine that only splits words: no spaCy model has to be there.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assets.security.sensitive.classes import builtin
from assets.security.sensitive.text.engine import LEAST, finders, resolved
from assets.security.sensitive.text.patterns import PatternFinder
from assets.security.sensitive.text.spec import Finder, Span, readable
from core.errors import HeddleError

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer, RecognizerRegistry

LANGUAGES = ("zh", "en")


def _presidio() -> Any:
    try:
        import presidio_analyzer
    except ImportError as error:
        raise HeddleError(
            "presidio-analyzer is not installed", "pip install heddle[privacy], or use the detector without it"
        ) from error
    return presidio_analyzer


def recognizers(languages: Sequence[str] = LANGUAGES) -> "list[EntityRecognizer]":
    """All finders as presidio recognisers, one per finder and language.

    Raises:
        HeddleError: presidio-analyzer is not installed.
    """
    return [_recognizer()(find, language) for language in languages for find in finders()]


@lru_cache(1)
def _recognizer() -> type:
    presidio = _presidio()

    class HeddleRecognizer(presidio.EntityRecognizer):  # type: ignore[misc, name-defined]
        """One finder; a result's metadata names the class and says that context has been weighed."""

        def __init__(self, find: Finder, language: str) -> None:
            self._find = find
            name = find.spec.name if isinstance(find, PatternFinder) else find.__name__
            super().__init__(_entities(find), name=f"Heddle_{name}_{language}", supported_language=language)

        def load(self) -> None:
            """Nothing has to be loaded."""

        def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:
            """Results of those entities in a text."""
            found = [(span, builtin()[span.class_].entity) for span in self._find(readable(text))]
            return [self._result(span, entity) for span, entity in found if not entities or entity in entities]

        def _result(self, span: Span, entity: str) -> Any:
            why = presidio.AnalysisExplanation(self.name, span.confidence, textual_explanation="; ".join(span.evidence))
            about = {
                presidio.RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                presidio.RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                presidio.RecognizerResult.IS_SCORE_ENHANCED_BY_CONTEXT_KEY: True,
                "class": span.class_,
            }
            return presidio.RecognizerResult(entity, span.start, span.end, span.confidence, why, about)

    return HeddleRecognizer


def _entities(find: Finder) -> list[str]:
    """What a finder may find, in presidio's names."""
    classes = builtin()
    if isinstance(find, PatternFinder):
        names = [find.spec.class_, *([find.spec.context_class] if find.spec.context_class else [])]
        return sorted({classes[name].entity for name in names})
    kinds = {"chinese_names": ["person_name"], "english_names": ["person_name"], "locations": ["location", "address"]}
    return sorted({classes[name].entity for name in kinds.get(find.__name__, ["address"])})


def no_model() -> Any:
    """An NLP engine for presidio that splits words and knows nothing else."""
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

    class NoModel(NlpEngine):
        """No lemmas, no entities."""

        def load(self) -> None:
            """Nothing has to be loaded."""

        def is_loaded(self) -> bool:
            """Always."""
            return True

        def process_text(self, text: str, language: str) -> Any:
            """No tokens: our recognisers read the text."""
            nothing: Any = []
            return NlpArtifacts([], nothing, [], [], self, language)

        def process_batch(
            self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **_: Any
        ) -> Iterator[tuple[str, Any]]:
            """The texts one by one."""
            return ((text, self.process_text(text, language)) for text in texts)

        def is_stopword(self, word: str, language: str) -> bool:
            """Never."""
            return False

        def is_punct(self, word: str, language: str) -> bool:
            """Neither letter nor digit."""
            return not any(c.isalnum() for c in word)

        def get_supported_entities(self) -> list[str]:
            """None."""
            return []

        def get_supported_languages(self) -> list[str]:
            """Chinese and English."""
            return list(LANGUAGES)

    return NoModel()


class Presidio:
    """Presidio's engine with our recognisers: spans equal to those of engine.Detector.

    Args:
        registry: recognisers to run beside ours, such as a user's own; theirs are told with presidio's entity as class.
    """

    def __init__(
        self, registry: "RecognizerRegistry | None" = None, language: str = "zh", least: float = LEAST
    ) -> None:
        presidio = _presidio()
        held = registry or presidio.RecognizerRegistry(recognizers=[], supported_languages=list(LANGUAGES))
        for recognizer in recognizers((language,)):
            held.add_recognizer(recognizer)
        self._language, self._least = language, least
        self._engine = presidio.AnalyzerEngine(
            registry=held, nlp_engine=no_model(), supported_languages=list(held.supported_languages)
        )

    def one(self, text: str) -> list[Span]:
        """The spans of one text, by place."""
        results = self._engine.analyze(text, self._language, score_threshold=self._least, return_decision_process=True)
        return resolved([_span(r) for r in results])


def _span(result: Any) -> Span:
    class_ = (result.recognition_metadata or {}).get("class", result.entity_type)
    why = result.analysis_explanation
    said = why.textual_explanation if why is not None else ""
    return Span(result.start, result.end, class_, result.score, tuple(said.split("; ")) if said else ())
