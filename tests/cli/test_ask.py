"""`heddle ask` as a user calls it."""

import json
import os
import subprocess
import sys

from assets.knowledge import journal
from core.settings import PROJECT, variables
from tests.fakes.handbook import Handbook
from tests.fakes.llm_server import llm_server


def heddle(handbook: Handbook, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | variables(handbook.settings) | environ
    code = "from orchestration.cli.main import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=120)


def test_an_answer_with_sources(copied: Handbook) -> None:
    done = heddle(copied, "ask", "防损部的分机号是多少？", "--top", "2")
    assert done.returncode == 0, done.stderr
    assert "4433" in done.stdout and "[1] 门店运营常见问题.html" in done.stdout and "摘录" in done.stdout
    assert str(copied.folder / "门店运营常见问题.html") in done.stdout
    [record] = journal.records(copied.settings)
    assert record["question"] == "防损部的分机号是多少？" and record["mode"] == "extractive"


def test_json_and_a_language_model(copied: Handbook) -> None:
    with llm_server("Three to five days [1].") as server:
        done = heddle(
            copied, "ask", "How long does a card refund take?", "--json",
            HEDDLE_LLM=server.url, HEDDLE_LLM_MODEL="m", HEDDLE_LLM_KEY="env:TOKEN", TOKEN="top-secret",
        )  # fmt: skip
        assert server.keys == ["Bearer top-secret"]
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["mode"], found["answer"]) == ("generated", "Three to five days [1].")
    first = found["sources"][0]
    assert first["document"] == "returns.html" and first["cited"] and first["heading"][-1] == "Refund methods"
    assert first["score"] > 0 and set(first["routes"]) <= {"bigram", "word", "dense"}
    assert "top-secret" not in done.stdout + done.stderr + str(list(journal.records(copied.settings)))


def test_errors_are_short(empty_handbook: Handbook) -> None:
    done = heddle(empty_handbook, "ask", "anything?")
    assert done.returncode == 2 and "no published index" in done.stderr and "Traceback" not in done.stderr
    done = heddle(empty_handbook, "ask", "  ")
    assert done.returncode == 2 and "the question is empty" in done.stderr


def test_nothing_heavy_is_imported(copied: Handbook) -> None:
    code = (
        "import sys; from orchestration.cli.main import main; sys.argv = ['heddle', 'ask', 'How long for a refund?'];\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'dagster', 'lancedb', 'bm25s', 'numba', 'polars', 'pandas', 'pyarrow', 'openai', 'llama_index'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    environment = os.environ | variables(copied.settings)
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=PROJECT, capture_output=True, text=True)
    assert "HEAVY []" in done.stdout, done.stdout + done.stderr
