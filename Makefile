# Everything a person or a pipeline does here. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -e -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
UV := VIRTUAL_ENV=$(VENV) $(BIN)/uv
PYTEST := $(BIN)/python -m pytest
PARALLEL := -n 2 --dist loadgroup

.PHONY: help
help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1|\2/' | column -t -s '|'

# --- Set up: each step leaves a stamp, so that the second time is instant.

.PHONY: setup
setup: $(VENV)/.setup ## Environment in .venv with what the product needs

.PHONY: setup-dev
setup-dev: $(VENV)/.setup-dev $(VENV)/.setup-debian ## The same, with tools and servers for the tests

$(VENV)/.uv: scripts/make_environment.sh
	@scripts/make_environment.sh "$(VENV)" "$(PYTHON)"
	@touch $@

$(VENV)/.setup: requirements.lock $(VENV)/.uv scripts/link_source.py
	@$(UV) pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python scripts/link_source.py
	@touch $@

$(VENV)/.setup-dev: requirements-dev.lock $(VENV)/.setup
	@$(UV) pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.setup-debian: scripts/install_debian_packages.sh $(VENV)/.uv
	@scripts/install_debian_packages.sh
	@touch $@

.PHONY: setup-ocr
setup-ocr: .venv-ocr/.setup ## Environment and models of the ocr program, in .venv-ocr

.venv-ocr/.setup: requirements-ocr.lock scripts/setup_ocr.sh scripts/make_environment.sh ocr/prepare_models.py
	@scripts/setup_ocr.sh .venv-ocr "$(PYTHON)"
	@touch $@

.PHONY: setup-designer
setup-designer: ## Packages of the dashboard in designer/node_modules, Node among them
	@scripts/setup_designer.sh

# --- Run

.PHONY: designer
designer: setup-designer ## Build the dashboard into designer/dist
	@scripts/designer_build.sh

.PHONY: demo
demo: setup ## A whole broadcast through the sandbox, on embedded defaults; prints the result
	@$(BIN)/alir demo $(ARGS)

.PHONY: up
up: setup ## Run everything until Ctrl-C; the dashboard is built meanwhile
	@{ scripts/setup_designer.sh && scripts/designer_build.sh; } >/dev/null 2>&1 & \
		exec $(BIN)/alir up $(ARGS)

.PHONY: migrate
migrate: setup ## Bring the database to this code's schema
	@$(BIN)/alir migrate $(ARGS)

# --- Prove

.PHONY: test
test: setup-dev setup-ocr setup-designer ## Every test but the long ones (budget: 5 minutes on 2 cores)
	@$(PYTEST) $(PARALLEL) -q -m "not long" $(ARGS)

.PHONY: test-quick
test-quick: $(VENV)/.setup-dev ## Without real servers and processes; needs no root (budget: 3 minutes)
	@$(PYTEST) $(PARALLEL) -q -m "not long and not e2e" $(ARGS)

.PHONY: test-long
test-long: setup-dev ## The long tests
	@$(PYTEST) -q -m long $(ARGS)

.PHONY: test-ocr
test-ocr: $(VENV)/.setup-dev setup-ocr ## The ocr program's tests, through the real engine (budget: 2 minutes)
	@$(PYTEST) -q -m "not long" tests/ocr $(ARGS)

.PHONY: chaos-smoke
chaos-smoke: setup-dev ## Kill processes during a broadcast and count (PROFILE=embedded|mariadb SEED=n; 3 minutes)
	@PROFILE="$(PROFILE)" SEED="$(SEED)" $(BIN)/python -m tests.chaos.smoke $(ARGS)

.PHONY: check
check: $(VENV)/.setup-dev ## Format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@if [ -e designer/node_modules/.setup ]; then $(MAKE) --no-print-directory check-designer; fi

.PHONY: check-designer
check-designer: setup-designer ## The same for the dashboard, and whether its client fits the API
	@cd designer && npm run --silent lint
	@cd designer && npm run --silent types
	@scripts/designer_client.sh check

.PHONY: test-designer
test-designer: $(VENV)/.setup-dev setup-designer ## The dashboard's tests: units, build, a browser (budget: 3 minutes)
	@$(PYTEST) -q -m "not long" tests/designer $(ARGS)

.PHONY: bench
bench: $(VENV)/.setup-dev ## Measure; raw figures go to docs/bench/
	@$(BIN)/alir bench $(ARGS)
	@$(if $(ARGS),:,$(MAKE) --no-print-directory bench-ocr)

.PHONY: bench-ocr
bench-ocr: setup-ocr ## Error rates and CPU time of the ocr engines, beside Tesseract where there is one
	@.venv-ocr/bin/python -m bench.ocr $(ARGS)

# --- Keep

.PHONY: fix
fix: $(VENV)/.setup-dev ## Format, and mend what the linter can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@if [ -e designer/node_modules/.setup ]; then cd designer && npm run --silent fix; fi

.PHONY: client
client: $(VENV)/.setup setup-designer ## Make the dashboard's typed client again from the API
	@scripts/designer_client.sh make

.PHONY: migration
migration: $(VENV)/.setup-dev ## Write the next migration from the models: make migration NAME="what it brings"
	@$(BIN)/python -m scripts.new_migration "$(NAME)"

.PHONY: docs
docs: $(VENV)/.setup-dev ## Make the generated pages of docs/ again
	@$(BIN)/python scripts/make_departures_page.py
	@$(BIN)/python scripts/make_nodes_page.py
	@$(BIN)/python scripts/make_settings_page.py

COMPILE := pip compile --quiet pyproject.toml --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-annotate

.PHONY: lock
lock: $(VENV)/.uv ## Resolve the dependencies again; the locks hold hashes and no addresses
	@$(UV) $(COMPILE) --extra embedded -o requirements.lock
	@$(UV) $(COMPILE) --extra embedded --extra dev -c requirements.lock -o requirements-dev.lock

.PHONY: lock-ocr
lock-ocr: $(VENV)/.uv ## The same for the ocr program's environment
	@$(UV) $(subst pyproject.toml,ocr/requirements.in --override ocr/overrides.txt,$(COMPILE)) -o requirements-ocr.lock

.PHONY: lock-designer
lock-designer: ## The same for the dashboard's packages, after a change of designer/package.json
	@cd designer && npm install --package-lock-only && node scripts/repair_lock.mjs
