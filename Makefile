# `make demo` and `make test` set everything up on first use: Python 3.11 and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# A lock names every package with its hashes, which leaves pip nothing to resolve.
INSTALL := $(PIP) install --quiet --no-deps --require-hashes --requirement
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --custom-compile-command 'make lock'
STAMP := $(VENV)/.installed
EXAMPLES := tests/test_docs_examples.py

.DEFAULT_GOAL := help
.PHONY: help install demo ui test faults check format docs lock bench fuzz fit clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(STAMP): pyproject.toml requirements.lock Makefile
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $(STAMP)

install: $(STAMP) ## set up the virtual environment

demo: $(STAMP) ## load the bundled sample and ask it a question, offline and without a key
	$(BIN)/rag add --sample --storage storage/demo
	$(BIN)/rag ask --storage storage/demo "How much smaller is the number of trainable parameters with low-rank adaptation?"

ui: $(STAMP) ## open the chat in the browser over the library of the demo
	$(BIN)/rag add --sample --storage storage/demo
	$(BIN)/python app.py --storage storage/demo $(ARGS)

test: $(STAMP) ## run the tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --ignore tests/ui --ignore $(EXAMPLES) $(ARGS)
# Apart, because an event loop runs in the process that drives the browser.
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests/ui $(ARGS)

faults: $(STAMP) ## the long tests of kills and of several clients, some minutes
	RAG_FAULTS=long $(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests/faults $(ARGS)

check: $(STAMP) ## lint, formatting, types, dead code, dependencies, weaknesses; run the docs' examples
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/vulture
	$(BIN)/deptry .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive rag app.py
	$(BIN)/python -m benchmarks.audit
	$(BIN)/python -m pytest tests/test_docs.py $(EXAMPLES)

format: $(STAMP) ## mend what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## write the tables of formats and commands into docs/
	$(BIN)/python docs/tables.py

lock: $(STAMP) ## pin what pyproject.toml asks for; ARGS=--upgrade moves every pin
	$(LOCK) $(ARGS) pyproject.toml --extra dev --group weights --output-file requirements.lock
# The benchmarks' lock holds what they need beyond the other, torch among it.
	$(LOCK) $(ARGS) --group bench --constraint requirements.lock \
		$$(sed -nE 's/^([a-z0-9-]+)==.*/--no-emit-package \1/p' requirements.lock) \
		--output-file benchmarks/requirements.lock

bench: $(STAMP) ## measure speed against the same job with sentence-transformers
	$(INSTALL) benchmarks/requirements.lock
	$(BIN)/python -m benchmarks.ingest $(ARGS)
	$(BIN)/python -m benchmarks.startup
	$(BIN)/rag add --sample --storage storage/demo
	$(BIN)/python -m benchmarks.page --storage storage/demo

fuzz: $(STAMP) ## feed our own parsers with broken files; ARGS=--seconds=3600 for longer
	nice $(BIN)/python -m benchmarks.fuzz $(ARGS)
# In a folder of its own, as no lock holds it.
	$(PIP) install --quiet --target build/atheris 'atheris>=3'
	PYTHONPATH=build/atheris nice $(BIN)/python -m benchmarks.fuzz --engine atheris $(ARGS)

fit: $(STAMP) ## fit all models again, with the data beside the project
	nice $(BIN)/python -m benchmarks.evidence --fit $(ARGS)
# It rests on the scores of the evidence.
	nice $(BIN)/python -m benchmarks.abstention --fit $(ARGS)
# With torch, which the benchmarks' lock holds; hours where there is no GPU.
	$(INSTALL) benchmarks/requirements.lock
	nice $(BIN)/python -m benchmarks.reader_fit --out rag/models/weights/reader.safetensors $(ARGS)

clean: ## remove the environment and what tests and builds leave behind
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
