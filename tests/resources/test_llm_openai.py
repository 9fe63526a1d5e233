"""The openai client against a server that fails in every way a real one does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import LlmError, SettingsError
from core.settings import Settings
from resources.llm_openai import OpenAiLlm
from resources.secrets import resolve
from tests.fakes.llm_server import llm_server


@pytest.mark.covers("MLP-231")
def test_an_answer_and_what_was_sent() -> None:
    with llm_server("Eight. [1]") as server:
        llm = OpenAiLlm(server.url, "some-model", "key-1")
        assert llm.complete("be brief", "how many?") == "Eight. [1]"
        request = server.requests[0]
        assert request["path"] == "/v1/chat/completions"
        assert request["model"] == "some-model"
        assert [m["role"] for m in request["messages"]] == ["system", "user"]
        assert server.keys == ["Bearer key-1"]


@pytest.mark.parametrize("fault", [429, 500, 503, "drop"])
def test_a_passing_fault_is_retried(fault: str | int) -> None:
    with llm_server(fault, fault, "well") as server:
        assert OpenAiLlm(server.url, "m", retries=2).complete("s", "u") == "well"
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (429, "failed with status 429"),
        (500, "failed with status 500"),
        (401, "refused the key"),
        (404, "failed with status 404"),
        ("drop", "cannot be reached"),
        ("hang:1", "did not answer in 0.2 s"),
        ("malformed", "answered nothing usable"),
        ("empty", "answered nothing usable"),
        ("  ", "answered nothing usable"),
    ],
)
def test_a_lasting_fault_is_an_error_without_the_key(fault: str | int, message: str) -> None:
    with llm_server(fault) as server:
        with pytest.raises(LlmError, match=message) as caught:
            OpenAiLlm(server.url, "m", "key-secret", timeout=0.2, retries=0).complete("s", "u")
        assert "key-secret" not in str(caught.value)


def test_settings_name_the_model_and_the_key(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    assert OpenAiLlm.from_settings(make_settings()) is None
    with pytest.raises(SettingsError, match="HEDDLE_LLM_MODEL"):
        OpenAiLlm.from_settings(make_settings(llm="http://127.0.0.1:9/v1"))
    key = tmp_path / "key"
    key.write_text("from-file\n")
    with llm_server("yes") as server:
        llm = OpenAiLlm.from_settings(make_settings(llm=server.url, llm_model="m", llm_key=f"file:{key}"))
        assert llm is not None and llm.complete("s", "u") == "yes"
        assert server.keys == ["Bearer from-file"]


def test_secrets_come_from_where_the_reference_says(tmp_path: Path) -> None:
    assert resolve("env:TOKEN", "S", {"TOKEN": "a"}) == "a"
    with pytest.raises(SettingsError, match="env:TOKEN, which is missing or empty"):
        resolve("env:TOKEN", "S", {"TOKEN": ""})
    with pytest.raises(SettingsError, match="cannot be read"):
        resolve(f"file:{tmp_path / 'none'}", "S")
    with pytest.raises(SettingsError, match="S is not a reference") as caught:
        resolve("sk-pasted-by-mistake", "S")
    assert "sk-pasted" not in str(caught.value)
