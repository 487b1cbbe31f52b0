# make demo and make test are all that a fresh clone needs; both fetch what they use into .tools and .venvs.

PYTHON := $(or $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done),$(error Python 3.11 or newer, with venv, is needed and was not found))
UV := .tools/bin/uv
UV_PIN := $(shell grep '^uv==' constraints.txt)
RUN := .venv/bin
DISTRIBUTIONS := . backends/memory backends/sqlite backends/aws lazyjobs_testkit
EDITABLE := $(foreach dist,$(DISTRIBUTIONS),-e $(dist))
SOURCES := pyproject.toml constraints.txt $(wildcard */pyproject.toml backends/*/pyproject.toml)
# What downloads trusts the system's certificates, among which may be those of a company's proxy.
CERTIFICATES := $(shell $(PYTHON) -c 'import ssl; print(ssl.get_default_verify_paths().cafile or "")')
ifneq ($(CERTIFICATES),)
export PIP_CERT ?= $(CERTIFICATES)
endif
export UV_SYSTEM_CERTS ?= true
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport VIRTUAL_ENV $(filter PYTHON%,$(.VARIABLES))
# As many tests at once as there are cores for this process; make test WORKERS=1 runs them one by one.
WORKERS := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
PYTEST = $(RUN)/python -m pytest -q -n $(WORKERS)
# What pytest takes over from the environment, where otherwise it makes all of it.
KEEPS := $(addprefix --keep-variable=LAZYJOBS_AWS_,ENDPOINT WHOLE_KIT KILL_SECONDS)

.DEFAULT_GOAL := help
.PHONY: help demo setup pythons test lint format types docs build check checks side-by-side zoo proof wheels wheels-of-dist \
	bench bench-sqlite bench-operations bench-aws test-bench django-tests browser chromium compiler torture torture-sqlite \
	aws aws-costs fuzz fuzz-briefly audit hard-ground clean

help:
	@echo "Begin with:"
	@tr -d '`' < CONTRIBUTING.md | awk -F ' *[|;] *' '/^\| make (demo|test|check) / { printf "  %-22s %s\n", $$2, $$3 }'
	@echo "The others; CONTRIBUTING.md says more:"
	@tr -d '`' < CONTRIBUTING.md | awk -F ' *[|;] *' '/^\| make / && !/make (demo|test|check) / { printf "  %-22s %s\n", $$2, $$3 }'

# The demo has a small environment of its own, so that it shows something within half a minute; it takes the large one
# for a backend that the small one lacks.
DEMO := $(if $(filter-out sqlite://% memory://%,$(LAZYJOBS_BACKEND)),.venv,.demo/venv)
demo: $(DEMO)/ready
	@mkdir -p .demo
	$(DEMO)/bin/python -m examples.checksums --backend "$${LAZYJOBS_BACKEND:-sqlite:///.demo/jobs.db}" $(ARGS)

.demo/venv/ready: $(UV) $(SOURCES)
	@echo "Installing lazyjobs, two small backends and what draws the progress bar into .demo/venv"
	@$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .demo/venv
	@$(UV) pip install --quiet --python .demo/venv -c constraints.txt -e . -e backends/memory -e backends/sqlite rich
	@touch $@

# Everything on the first interpreter; on the others what may differ there: the core, the plugin, the embedded backends.
DOCUMENTS := README.md docs
EVERYTHING = tests backends lazyjobs_testkit/tests $(DOCUMENTS)
ELSEWHERE := tests backends/memory backends/sqlite --ignore-glob=backends/sqlite/tests/test_conformance* \
	$(addprefix lazyjobs_testkit/tests/,test_plugin.py test_jobs_fixture.py test_jobs_running.py test_suite.py)

test: pythons
	@set -e; scope="$(EVERYTHING)"; for found in $$($(PYTHON) scripts/interpreters.py); do \
		version=$${found%%=*}; \
		echo "== Python $$version"; \
		.venvs/$$version/bin/python -m pytest -q -n $(WORKERS) $$scope $(ARGS); \
		scope="$(ELSEWHERE)"; \
	done

# An environment for each Python that is found.
pythons: $(UV)
	@set -e; for found in $$($(PYTHON) scripts/interpreters.py); do \
		$(MAKE) --no-print-directory .venvs/$${found%%=*}/ready INTERPRETER=$${found#*=}; \
	done

setup: .venv/ready

$(UV): constraints.txt
	@echo "Installing the package installer uv into .tools"
	@test -x $(UV) || $(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet $(UV_PIN)
	@touch $(UV)

.venv/ready: $(UV) $(SOURCES)
	@$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	@$(UV) pip install --quiet --python .venv -c constraints.txt $(EDITABLE) --group dev --group bench
	@touch $@

.venvs/%/ready: $(UV) $(SOURCES)
	@$(UV) venv --quiet --allow-existing --python $(INTERPRETER) .venvs/$*
	@$(UV) pip install --quiet --python .venvs/$* -c constraints.txt $(EDITABLE) --group test
	@touch $@

lint: setup
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

format: setup
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

types: setup
	$(RUN)/mypy lazyjobs tests browser examples benchmarks scripts conftest.py
	$(RUN)/mypy backends/memory
	$(RUN)/mypy backends/sqlite
	$(RUN)/mypy backends/aws
	$(RUN)/mypy lazyjobs_testkit/src lazyjobs_testkit/tests
	sh scripts/check_skeleton.sh $(RUN)

docs: setup
	$(RUN)/python scripts/contract_page.py
	$(RUN)/python scripts/rule_pages.py
	$(RUN)/lazyjobs-conformance --schema > docs/conformance.schema.json
	$(PYTEST) README.md docs

zoo: setup
	$(RUN)/python -m lazyjobs_testkit.zoo --jobs 8 $(ARGS)

proof: setup
	$(RUN)/python -m lazyjobs_testkit.zoo --seeds 100 --jobs 2 --page docs/proof.md
	$(RUN)/python -m lazyjobs_testkit.zoo --backend memory --seeds 50 --jobs 1 --page docs/proof.md
	$(RUN)/python -m lazyjobs_testkit.zoo --backend lazyjobs_testkit.zoo.files:Durable.Harness --seeds 20 --jobs 1 \
		--page docs/proof.md

build: setup
	@rm -rf dist
	@for dist in $(DISTRIBUTIONS); do $(UV) build --quiet --build-constraints constraints.txt --out-dir dist $$dist || exit 1; done
	@ls dist

wheels: build wheels-of-dist

wheels-of-dist:
	sh scripts/bare.sh sh scripts/test_wheels.sh $(PYTHON)

bench: setup
	$(RUN)/python -m benchmarks $(ARGS)

bench-sqlite: setup
	$(RUN)/python -m benchmarks.sqlite $(ARGS)

bench-operations: setup compiler
	$(RUN)/python -m benchmarks.operations $(ARGS)

test-bench: setup compiler
	$(PYTEST) benchmarks $(ARGS)

# Django's own tests of task backends, from its source distribution, on each Python: 3.11 has the backport for Django 5.2.
django-tests: pythons
	@set -e; six=; for found in $$($(PYTHON) scripts/interpreters.py); do \
		version=$${found%%=*}; test $$version = 3.11 || six=yes; \
		PYTHONPATH=scripts .venvs/$$version/bin/python -m django_tests; \
	done; test "$$six" || echo "Django 6 was not tried: it needs Python 3.12 or newer, and there is none"

torture: setup compiler
	cd backends/sqlite && ../../$(PYTEST) torture $(ARGS)

torture-sqlite: setup compiler
	cd backends/sqlite && ../../$(PYTEST) torture --long $(ARGS)

compiler:
	@sh scripts/install_compiler.sh

# The page of the control plane in a real Chromium; ARGS=--images writes the images of docs/images anew.
browser: setup chromium
	$(PYTEST) browser $(ARGS)

chromium:
	@sh scripts/install_chromium.sh

# The whole kit and the long searches; on moto, and on ministack, which shares no code with it.
aws: setup .emulators/ministack/ready
	LAZYJOBS_AWS_WHOLE_KIT=1 $(PYTEST) $(KEEPS) backends/aws/tests/kit_server.py backends/aws/tests/long_crashes.py
	LAZYJOBS_AWS_WHOLE_KIT=1 $(RUN)/python scripts/with_ministack.py $(RUN)/python -m pytest -q $(KEEPS) \
		backends/aws/tests/kit_server.py backends/aws/tests/long_costs.py backends/aws/tests/long_kills.py

# What a job costs, counted on ministack, is no more than docs/aws.md says.
aws-costs: setup .emulators/ministack/ready
	$(RUN)/python scripts/with_ministack.py $(RUN)/python -m pytest -q $(KEEPS) backends/aws/tests/long_costs.py

bench-aws: setup .emulators/ministack/ready
	@$(UV) pip install --quiet --python .venv -c constraints.txt --group bench-aws
	$(RUN)/python scripts/with_ministack.py $(RUN)/python -m benchmarks.aws $(ARGS)
	$(RUN)/python scripts/with_ministack.py $(RUN)/python -m benchmarks.aws.race

.emulators/ministack/ready: $(UV) backends/aws/emulators.txt
	@$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .emulators/ministack
	@$(UV) pip install --quiet --python .emulators/ministack -r backends/aws/emulators.txt
	@touch $@

# The documents run in `docs`, so not a second time in `test`.
check:
	@sh scripts/bare.sh $(MAKE) --no-print-directory checks

# One after another what writes into the checkout; then side by side what tests it. LANES=1 runs all in a row.
LANES := 2
checks: DOCUMENTS :=
checks: lint types docs pythons .emulators/ministack/ready compiler chromium build
	$(MAKE) --no-print-directory --jobs $(LANES) --output-sync=line side-by-side DOCUMENTS=

side-by-side: test torture django-tests test-bench browser zoo aws-costs fuzz-briefly audit wheels-of-dist

# The URLs, payloads, requests and files that nobody would write; ARGS="--seconds 3600", ARGS="--seed 7".
fuzz: setup
	$(RUN)/python -m tests.fuzz $(ARGS)

fuzz-briefly: ARGS := --seconds 10
fuzz-briefly: fuzz

# Known weaknesses of what the tests and the distributions use, where the list of them can be had.
audit: setup
	@$(RUN)/python scripts/audit.py

# The tests under conditions that a machine may have; ARGS=--list names them.
hard-ground: setup
	$(RUN)/python scripts/hard_ground.py $(ARGS)

clean:
	rm -rf .cache .venv .venvs .tools .emulators dist build .demo .mypy_cache .ruff_cache .pytest_cache
