"""All settings: their names, defaults, environment variables and meaning, in one place.

A value given in code or by a flag wins over the environment, which wins over `rag.toml`, which
wins over the default. A name that is not a setting is refused.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from rag.errors import SettingsError

__all__ = ["Settings", "load_settings"]

_PREFIX = "RAG_"
# Read where they are used, so that no setting ever holds them.
_SECRETS = {"RAG_UI_PASSWORD", "RAG_UI_TOKENS", "RAG_EMBEDDING_API_KEY", "RAG_CHROMA_TOKEN"}
_FILE = "rag.toml"


class Settings(BaseSettings):
    """What can be set. Every field is read from `RAG_` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, toml_file=_FILE, extra="forbid", frozen=True, str_strip_whitespace=True
    )

    storage: Path = Field(Path("storage"), description="Folder of the library.")
    cache: Path = Field(
        Path(platformdirs.user_cache_dir("abstract-rag")),
        description="Folder for files that can be made again, such as the built model.",
    )
    embedder: str = Field(
        "minilm",
        min_length=1,
        description="`minilm`, the path of a folder with a BERT-style sentence encoder, or "
        "`openai:` and the name of a model at an OpenAI-compatible endpoint.",
    )
    embedding_base_url: str | None = Field(
        None,
        description="Address of the endpoint that embeds; without it that of the language model.",
    )
    embedding_max_tokens: int = Field(
        512, ge=64, description="How many tokens an embedder takes that doesn't say so itself."
    )
    quantize: bool = Field(True, description="Run the local embedder in int8.")
    chroma_url: str | None = Field(
        None, description="Address of a Chroma server; without it Chroma runs inside the program."
    )
    chroma_tenant: str = Field("default_tenant", description="Tenant on a Chroma server.")
    chroma_database: str = Field("default_database", description="Database on a Chroma server.")
    chroma_headers: Annotated[dict[str, str], NoDecode] = Field(
        {}, description="Headers for a Chroma server: name=value, with commas between them."
    )
    chroma_ca_file: Path | None = Field(
        None, description="Certificates (PEM) of the authority that a Chroma server's rests on."
    )
    chroma_timeout: float = Field(
        30.0, ge=1.0, description="Seconds to wait for an answer of a Chroma server."
    )
    collection: str = Field(
        "papers",
        pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{1,60}[a-zA-Z0-9]$",
        description="Name of the Chroma collection.",
    )
    rerank: str = Field(
        "off",
        description="What reads the first papers again: `off`, `llm`, the folder of a "
        "cross-encoder in ONNX, or the name of one that fastembed can download.",
    )
    rerank_depth: int = Field(30, ge=2, le=100, description="How many papers are read again.")
    max_papers: int = Field(
        5, ge=1, le=20, description="How many papers an answer may cite at the most."
    )
    max_quotes: int = Field(
        4, ge=1, le=20, description="How many sentences an answer quotes at the most."
    )
    max_listed: int = Field(
        12, ge=1, le=50, description="How many papers a list shows at once, where many fit."
    )
    nli_model: str | None = Field(
        None,
        description="Second reader of the check: the folder of a cross-encoder in ONNX, or the "
        "name of one on the Hugging Face hub; without it the check does with its own models.",
    )
    nli_download: bool = Field(
        False, description="Whether the second reader may be downloaded when it is first used."
    )
    abstain_below: float = Field(
        0.2,
        ge=0.0,
        le=1.0,
        description="Confidence, 0 to 1, below which a question is not answered.",
    )
    llm_model: str | None = Field(
        None, description="Name of the model that writes answers; without it they are quotes."
    )
    llm_context_window: int = Field(
        8192, ge=512, description="How many tokens the model takes, its answer included."
    )
    llm_max_output_tokens: int = Field(
        1000, ge=16, description="How many tokens the model may write, its reasoning included."
    )
    llm_max_papers: int = Field(
        10,
        ge=1,
        le=10,
        description="How many abstracts the model is given at the most; fewer are read sooner.",
    )
    llm_temperature: float = Field(
        0.0, ge=0.0, le=2.0, description="Randomness of the model; 0 is the least."
    )
    # A processor without a graphics card reads some 20 tokens a second: ten abstracts take minutes.
    llm_timeout: float = Field(
        300.0,
        gt=0.0,
        description="Seconds that the model may be silent: while it reads the papers, before its "
        "first word, and between two.",
    )
    llm_retries: int = Field(
        2, ge=0, le=10, description="How often to try again when the endpoint fails or is busy."
    )
    llm_ca_file: Path | None = Field(
        None,
        description="File with the certificates of an authority of your own, in PEM format, which "
        "the endpoint's certificate may come from.",
    )
    llm_max_tokens_per_question: int | None = Field(
        None, ge=256, description="How many tokens one question may use, all requests together."
    )
    llm_max_cost_per_question: float | None = Field(
        None, gt=0.0, description="What one question may cost; needs both prices."
    )
    llm_price_input: float | None = Field(
        None, ge=0.0, description="Price of a million tokens that the model reads."
    )
    llm_price_output: float | None = Field(
        None, ge=0.0, description="Price of a million tokens that the model writes."
    )
    prompts_dir: Path | None = Field(
        None, description="Folder with prompts of your own, by the names of the bundled ones."
    )
    answer_cache: bool = Field(
        False, description="Keep what the model writes on disk and use it again."
    )
    answer_cache_mb: int = Field(
        100, ge=1, description="How many megabytes of answers are kept; the oldest go first."
    )
    fallback: Literal["none", "extractive"] = Field(
        "none", description="`extractive` answers by quoting when the model can't be had."
    )
    check: Literal["local", "model"] = Field(
        "local",
        description="Who checks the sentences: the models of the package, or also the language "
        "model, in one more request.",
    )
    repair: bool = Field(
        False,
        description="Have the model correct or drop sentences that fail, in one request more.",
    )
    strict: bool = Field(
        False, description="Remove the sentences that fail the check from the answer."
    )
    web_addresses: Annotated[dict[str, str], NoDecode] = Field(
        {},
        description="Other base addresses of services that papers are fetched from, such as "
        "mirrors: `arxiv=https://...`, several with commas between them.",
    )
    web_contact: str | None = Field(
        None,
        pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$",
        description="Your mail address for the services: Crossref and OpenAlex answer those "
        "sooner that give one.",
    )
    web_private_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hosts that may be fetched from although they are of this machine or of a "
        "private network, with commas between them.",
    )
    web_timeout: float = Field(
        30.0, gt=0.0, description="Seconds to wait for the next bytes of a service's answer."
    )
    web_retries: int = Field(
        4, ge=0, le=20, description="How often to ask again when a service fails or is busy."
    )
    web_max_mb: int = Field(
        32, ge=1, le=64, description="How many megabytes one answer of a service may have."
    )
    web_cache_mb: int = Field(
        200, ge=1, description="How many megabytes of answers are kept; the oldest go first."
    )

    ui_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names beside this machine's own under which the page may be asked for, with "
        "commas between them.",
    )
    ui_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Pages of other sites that may use this one, such as https://lab.example, "
        "with commas between them.",
    )

    @field_validator("chroma_url", "embedding_base_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value or None

    @field_validator("web_addresses", "chroma_headers", mode="before")
    @classmethod
    def _read_addresses(cls, value: object) -> object:
        if isinstance(value, str):
            pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
            value = {name.strip(): address.strip() for name, _, address in pairs}
        return value

    @field_validator("web_addresses")
    @classmethod
    def _check_addresses(cls, value: dict[str, str]) -> dict[str, str]:
        for name, address in value.items():
            if not address.startswith(("http://", "https://")) or "?" in address:
                raise ValueError(f"{name} needs an address that begins with http:// or https://")
        return value

    @field_validator("ui_origins", mode="before")
    @classmethod
    def _read_origins(cls, value: object) -> object:
        listed = value.split(",") if isinstance(value, str) else value
        if isinstance(listed, list | tuple) and all(isinstance(one, str) for one in listed):
            return tuple(url for one in listed if (url := one.strip().rstrip("/").lower()))
        return value

    @field_validator("ui_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not re.fullmatch(r"https?://[^/?#\s]+", one):
                raise ValueError(f"{one} is no origin, such as https://lab.example or with a :port")
        return value

    @field_validator("web_private_hosts", "ui_hosts", mode="before")
    @classmethod
    def _read_hosts(cls, value: object) -> object:
        listed = value.split(",") if isinstance(value, str) else value
        if isinstance(listed, list | tuple) and all(isinstance(one, str) for one in listed):
            return tuple(host for one in listed if (host := one.strip().strip("[]").lower()))
        return value

    @field_validator("ui_hosts")
    @classmethod
    def _check_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not re.fullmatch(r"[\w.-]+|[0-9a-f:]*:[0-9a-f:.]+", one):
                raise ValueError(f"{one} is no name, such as papers.example, without a port")
        return value

    @field_validator("rerank")
    @classmethod
    def _empty_is_off(cls, value: str) -> str:
        return value.lower() if value.lower() in {"off", "llm"} else value or "off"

    @field_validator(
        "llm_model",
        "llm_ca_file",
        "chroma_ca_file",
        "nli_model",
        "prompts_dir",
        "web_contact",
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @model_validator(mode="after")
    def _check_amounts(self) -> Self:
        if self.llm_max_output_tokens > self.llm_context_window // 2:
            raise ValueError(
                "llm_max_output_tokens must be at most half of llm_context_window, so that there "
                "is room for the papers"
            )
        prices = (self.llm_price_input, self.llm_price_output)
        if self.llm_max_cost_per_question is not None and None in prices:
            raise ValueError("llm_max_cost_per_question needs llm_price_input and llm_price_output")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: code and flags, environment, `rag.toml`."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**values: Any) -> Settings:  # noqa: ANN401 - whatever a setting takes
    """Read the settings; `values` that are not None win over everything else.

    Raises:
        SettingsError: a name is unknown or a value can't be used.
    """
    _check_environment()
    try:
        return Settings(**{name: value for name, value in values.items() if value is not None})
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{_FILE} is not valid TOML ({error}).", hint="Mend the line that is named."
        ) from error
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in problem["loc"])
        if not name:
            raise SettingsError(f"The settings don't fit together: {problem['msg']}.") from error
        if problem["type"] == "extra_forbidden":
            raise _unknown(name, f"{_FILE} or the call") from error
        raise SettingsError(
            f"The setting {name} can't be {problem['input']!r}: {problem['msg']}.",
            hint=f"It is: {_meaning(name)} Set it with {_PREFIX}{name.upper()} or in {_FILE}.",
        ) from error


def _check_environment() -> None:
    """Refuse a `RAG_` variable that no setting reads: it is a slip that would go unseen."""
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields} | _SECRETS
    for variable in os.environ:
        if variable.upper().startswith(_PREFIX) and variable.upper() not in known:
            raise _unknown(variable.upper().removeprefix(_PREFIX).lower(), "the environment")


def _unknown(name: str, where: str) -> SettingsError:
    close = difflib.get_close_matches(name, list(Settings.model_fields), n=1)
    known = ", ".join(Settings.model_fields)
    hint = f"Did you mean {close[0]}?" if close else f"Settings are: {known}."
    return SettingsError(f"There is no setting named {name} ({where}).", hint=hint)


def _meaning(name: str) -> str:
    field = Settings.model_fields.get(name)
    return (field.description or "") if field else ""
