# What a person does with Pasted, one word each. A new machine needs the Swift toolchain; the rest is
# installed from Debian by the targets that need it.

.PHONY: run test test-swift test-js test-outside test-browser simulate sanitize bench fuzz format docs packages

# Playwright, websockets and jsonschema, for the tests alone.
VENV := build/venv
PYTHON := $(VENV)/bin/python
BINARY := .build/release/pasted
RELEASE := swift build -c release --product pasted -Xswiftc -static-stdlib

run: packages
	$(RELEASE)
	$(BINARY) serve

test: test-swift test-js test-outside test-browser

test-swift: packages
	swift format lint --strict --recursive Package.swift Sources Tests
	swift build --build-tests
	swift test --skip-build

test-js:
	@if command -v node >/dev/null; then node --test Tests/js/*.test.mjs; \
	else echo "Node is not here: the JavaScript modules are tested in the browser only."; fi

test-outside: packages $(VENV)/.made
	@.ci/packages curl
	swift build --product pasted
	$(PYTHON) -m unittest discover --start-directory Tests/protocol
	$(PYTHON) Tests/outsider/outsider_tests.py
	$(PYTHON) Tests/outsider/cli_tests.py
	$(PYTHON) Tests/outsider/example_tests.py
	$(PYTHON) Tests/outsider/kill_rounds.py 20

test-browser: packages $(VENV)/.made
	@.ci/packages chromium fonts-noto-color-emoji
	swift build --product pasted
	$(PYTHON) Tests/browser/run.py

# Worlds that nobody has seen; a failure prints its seed.
simulate: packages
	SIMULATION_RUNS=$${RUNS:-1000} swift test --filter SimulationTests

# The tests of everything that has threads, C or raw memory, under the thread and the address sanitizer.
sanitize: packages
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/tsan.supp swift test --sanitize=thread --scratch-path build/thread \
		--filter 'ReactorTests|TLSTests|PasteServerTests|StoreTests'
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path build/address \
		--filter 'ReactorTests|TLSTests|PasteServerTests|WebSocketTests|HTTP1Tests|PasteProtocolTests|PasteModelTests'

bench: packages $(VENV)/.made
	$(RELEASE)
	PASTED_BIN=$(BINARY) $(PYTHON) Benchmarks/run.py
	PASTED_BIN=$(BINARY) $(PYTHON) Benchmarks/stream.py

# Each target for SECONDS_EACH seconds, 60 unless said otherwise.
fuzz: packages
	Tests/Fuzz/run

format:
	swift format --in-place --recursive Package.swift Sources Tests

# The public declarations of every target with their documentation, as symbol graphs for DocC.
docs: packages
	swift package dump-symbol-graph --minimum-access-level public --skip-synthesized-members

packages:
	@.ci/packages libssl-dev zlib1g-dev libsqlite3-dev libqrencode-dev

$(VENV)/.made: Tests/requirements.txt
	@.ci/packages python3-venv
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement Tests/requirements.txt
	touch $@
