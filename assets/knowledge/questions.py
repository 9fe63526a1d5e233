"""The labelled questions that tune and judge retrieval, read from `<handbook folder>_questions.yaml`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from assets.knowledge.blocks import Chunk
from core.errors import DocumentError
from core.settings import Settings

Mask = npt.NDArray[np.bool_]
Part = Literal["tune", "held-out"]


class Question(BaseModel):
    """One question; without document and phrase the handbook does not answer it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    language: Literal["zh", "en"]
    part: Part
    question: str
    document: str | None = None
    phrase: str | None = None

    @model_validator(mode="after")
    def _both(self) -> "Question":
        if (self.document is None) != (self.phrase is None):
            raise ValueError("document and phrase come together")
        return self

    @property
    def answerable(self) -> bool:
        """Whether the handbook answers it."""
        return self.document is not None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    questions: tuple[Question, ...]


def questions_path(settings: Settings) -> Path:
    """Beside the handbook's folder, so that it is not itself a document."""
    return settings.handbook.with_name(settings.handbook.name + "_questions.yaml")


def load_questions(path: Path) -> tuple[Question, ...]:
    """All questions; none when the file does not exist.

    Raises:
        DocumentError: the file is malformed or an id occurs twice.
    """
    if not path.exists():
        return ()
    try:
        questions = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).questions
    except (yaml.YAMLError, ValidationError) as error:
        raise DocumentError(f"{path}: not a question set: {error}", "see examples/handbook_questions.yaml") from None
    ids = [question.id for question in questions]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise DocumentError(f"{path}: id {twice[0]} occurs twice", "give every question its own id")
    return questions


def relevant(questions: Sequence[Question], chunks: Sequence[Chunk]) -> Mask:
    """Which chunks answer which question, bool [questions, chunks]: of the document and holding the phrase."""
    texts = [_squeeze(chunk.text) for chunk in chunks]
    mask = np.zeros((len(questions), len(chunks)), dtype=np.bool_)
    for row, question in enumerate(questions):
        phrase = _squeeze(question.phrase or "")
        for column, chunk in enumerate(chunks):
            mask[row, column] = chunk.document == question.document and phrase in texts[column]
    return mask


def holds_phrase(text: str, question: Question) -> bool:
    """Whether a text holds a question's labelled phrase, whatever the blanks."""
    return "".join((question.phrase or "").split()) in "".join(text.split())


def _squeeze(text: str) -> str:
    return " ".join(text.split())
