"""`heddle ask`: a question answered from the handbook, with sources."""

import json
from typing import Any

import click

from assets.knowledge import journal
from assets.knowledge.answer import Answer, answer
from assets.knowledge.documents import KEY, folders
from assets.knowledge.search import HandbookIndex
from assets.security.access.documents import readable
from core import settings as config
from core.settings import Settings
from orchestration.cli.seen import PURPOSE, access_of
from resources import open as ports
from resources.llm_openai import OpenAiLlm

MARK = {"extractive": "yellow", "generated": "green", "not found": "red"}


@click.command()
@click.argument("question")
@click.option("--top", default=5, show_default=True, type=click.IntRange(1, 20), help="How many passages to use.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the answer; default: the question's.")
@PURPOSE
def ask(question: str, top: int, as_json: bool, lang: str | None, purpose: str) -> None:
    """Answer QUESTION from the handbook, in Chinese or English, with sources.

    \b
    Examples:
      heddle ask "How long is a coupon valid?"
      heddle ask "自助收银最多能结多少件商品？" --json
    """
    if not question.strip():
        raise click.BadParameter("the question is empty", param_hint="QUESTION")
    settings = config.load()
    index = HandbookIndex.live(settings, ports.objects(settings))
    access = access_of("heddle ask", purpose=purpose)
    documents = readable(access, str(KEY), (chunk.document for chunk in index.chunks))
    found = answer(index, question, top, lang, OpenAiLlm.from_settings(settings), documents)
    identity = journal.record(settings, found)
    if as_json:
        click.echo(json.dumps(as_fields(settings, found) | {"id": identity}, ensure_ascii=False, indent=1))
    else:
        _show(settings, found)


def as_fields(settings: Settings, found: Answer) -> dict[str, Any]:
    """The answer as JSON-able fields, with a path for each source."""
    return {
        "question": found.question,
        "language": found.language,
        "mode": found.mode,
        "note": found.note,
        "answer": found.text,
        "warnings": list(found.warnings),
        "evidence": found.evidence,
        "threshold": found.threshold,
        "model": found.model,
        "index": found.index,
        "sources": [
            {
                "number": number,
                "cited": number in found.cited,
                "document": hit.chunk.document,
                "heading": list(hit.chunk.heading),
                "page": hit.chunk.page,
                "path": source_path(settings, hit.chunk.document),
                "score": round(hit.score, 4),
                "routes": hit.routes,
                "chunk": hit.chunk.id,
                "text": hit.chunk.text,
            }
            for number, hit in enumerate(found.hits, 1)
        ],
    }


def source_path(settings: Settings, document: str) -> str:
    """The file of a document: a dropped one covers the handbook's; "" when it is gone."""
    handbook, drops = folders(settings)
    for folder in (drops, handbook):
        if (folder / document).is_file():
            return str(folder / document)
    return ""


def _show(settings: Settings, found: Answer) -> None:
    for warning in found.warnings:
        click.secho(f"! {warning}", fg="yellow", err=True)
    if found.note:
        click.secho(found.note, fg=MARK[found.mode], italic=True)
    click.secho(found.text, bold=True)
    click.echo()
    for number, hit in enumerate(found.hits, 1):
        page = f", p. {hit.chunk.page}" if hit.chunk.page else ""
        place = f"[{number}] {hit.chunk.document}{page}: {' > '.join(hit.chunk.heading)}"
        click.secho(f"{place}  ({hit.score:.2f})", dim=number not in found.cited)
        path = source_path(settings, hit.chunk.document)
        if path and number in found.cited:
            click.secho(f"    {path}", dim=True)
