# All it needs is make and python3 (3.11 or newer); the rest goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
STAMP := .venv/installed
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# uv brings certificates of its own, but a company's are in the machine's store, where there is one.
STORE := $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem)
export UV_SYSTEM_CERTS ?= $(if $(STORE),true,false)
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help install demo test coverage docs messages bench audit sbom services lock upgrade clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## everything into .venv, exactly as pinned in requirements/

$(BIN)/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
			"Name another: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "make: '$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(STAMP): $(BIN)/uv requirements/dev.txt pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## a made-up company: its history, a model, scores with reasons, a page in the browser
	$(BIN)/churn demo

test: $(STAMP) ## format, lint, types and tests: what .ci/run calls
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/pytest

coverage: $(STAMP) ## which lines and branches the tests reach; takes twice their time
	$(BIN)/pytest --cov

docs: $(STAMP) ## write docs/features.md, docs/data-contract.md and the fields in docs/crm.md anew
	$(BIN)/python -m features.docs
	$(BIN)/python -m serving.sinks.docs

messages: $(STAMP) ## bring the catalogues in features/locale up to date with every message
	$(BIN)/python -m serving.messages

# featuretools does not run with the pandas of today: it gets an environment of its own.
.venv/bench: $(STAMP) requirements/bench.txt requirements/featuretools.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/bench.txt
	$(UV) venv --quiet --clear --python $(BIN)/python .venv/featuretools
	$(UV) pip install --quiet --python .venv/featuretools --require-hashes \
		-r requirements/featuretools.txt
	@touch $@

bench: .venv/bench ## measure time and memory on made-up books of customers, beside the peers
	$(BIN)/python -m experiments.benchmarks

audit: $(STAMP) ## known weaknesses in what is pinned; fails where no advisories can be asked
	$(BIN)/python scripts/audit requirements/serving.txt requirements/dev.txt

sbom: $(STAMP) ## what the service consists of, in CycloneDX: build/sbom.json
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements requirements/serving.txt --pyproject pyproject.toml \
		--short-PURLs --output-reproducible --of JSON --validate -o build/sbom.json

services: ## what some tests use beside Python (chromium, PostgreSQL, Java, ...), from apt where there is one
	@scripts/services

lock: $(BIN)/uv ## pin requirements/ anew from pyproject.toml, keeping pins that still fit
	$(COMPILE) pyproject.toml --extra dev --extra training --extra postgres --extra crm \
		--extra fast --extra spark --extra tracing --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --constraint requirements/dev.txt \
		--output-file requirements/serving.txt
	$(COMPILE) pyproject.toml --extra training --extra postgres --extra crm --extra fast \
		--constraint requirements/dev.txt --output-file requirements/jobs.txt
	$(COMPILE) pyproject.toml --all-extras --constraint requirements/dev.txt \
		--output-file requirements/bench.txt
	$(COMPILE) requirements/featuretools.in --output-file requirements/featuretools.txt
	@! grep -nE '://|find-links|index-url|^ *-e|file:|/(opt|root|home|tmp|work)/' requirements/*.txt

upgrade: ## forget the pins and take the newest releases that pyproject.toml allows
	rm -f requirements/dev.txt requirements/serving.txt requirements/jobs.txt \
		requirements/bench.txt requirements/featuretools.txt
	$(MAKE) lock

clean: ## remove .venv, the demo and everything built
	rm -rf .venv demo build dist mlruns mlartifacts .coverage .hypothesis \
		.mypy_cache .pytest_cache .ruff_cache
