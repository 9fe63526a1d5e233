"""Any OpenAI-compatible chat API, through the openai client."""

from urllib.parse import urlsplit

from core.errors import LlmError, SettingsError
from core.settings import Settings, redact
from resources.secrets import resolve

TIMEOUT = 60.0  # seconds for one attempt
RETRIES = 2  # after the first attempt, on 408, 409, 429, 5xx and connection errors, with growing pauses
MAX_TOKENS = 800  # of an answer


class OpenAiLlm:
    """A chat model behind `<url>/chat/completions`."""

    def __init__(self, url: str, model: str, key: str = "", timeout: float = TIMEOUT, retries: int = RETRIES) -> None:
        self.model = model
        self._url = url
        self._key = key
        self._timeout = timeout
        self._retries = retries

    @classmethod
    def from_settings(cls, settings: Settings, timeout: float = TIMEOUT, retries: int = RETRIES) -> "OpenAiLlm | None":
        """The configured model, or None when HEDDLE_LLM is none.

        Args:
            timeout: seconds of one attempt; retries: after the first one.

        Raises:
            SettingsError: no model is named, or the key's reference is wrong.
        """
        if urlsplit(settings.llm).scheme not in ("http", "https"):
            return None
        if not settings.llm_model:
            raise SettingsError("HEDDLE_LLM is set but HEDDLE_LLM_MODEL is not", "name the model to ask")
        key = resolve(settings.llm_key, "HEDDLE_LLM_KEY") if settings.llm_key else ""
        return cls(settings.llm, settings.llm_model, key, timeout, retries)

    def complete(self, system: str, user: str) -> str:
        """See ports.Llm."""
        import openai

        place = f"the language model {self.model} at {redact(self._url)}"
        # The client demands a key; an API without keys ignores the word.
        opened = openai.OpenAI(
            api_key=self._key or "none", base_url=self._url, timeout=self._timeout, max_retries=self._retries
        )
        with opened as client:
            try:
                reply = client.chat.completions.create(
                    model=self.model,
                    messages=[{"role": "system", "content": system}, {"role": "user", "content": user}],
                    temperature=0,
                    max_tokens=MAX_TOKENS,
                )
            except openai.APITimeoutError:
                raise LlmError(f"{place} did not answer in {self._timeout:g} s", "try again later") from None
            except openai.APIConnectionError:
                raise LlmError(f"{place} cannot be reached", "check HEDDLE_LLM") from None
            except openai.AuthenticationError:
                raise LlmError(f"{place} refused the key", "check HEDDLE_LLM_KEY") from None
            except openai.APIStatusError as error:
                raise LlmError(f"{place} failed with status {error.status_code}", "see its log") from None
            except (openai.OpenAIError, ValueError) as error:
                raise LlmError(f"{place} answered malformed data ({type(error).__name__})", "see its log") from None
        choices = getattr(reply, "choices", None)  # a malformed reply may be a bare string
        message = getattr(choices[0], "message", None) if choices else None
        content = getattr(message, "content", None)
        if not isinstance(content, str) or not content.strip():
            raise LlmError(f"{place} answered nothing usable", "see its log")
        return content.strip()
