# What a person does with Pasted, one word each. A new machine needs the Swift toolchain; the rest is
# installed from Debian by the targets that need it.

.PHONY: run test test-swift test-js test-browser bench fuzz format docs packages browser-packages

# Where the Playwright environment of the browser tests lives.
VENV := build/venv
BINARY := .build/release/pasted

run: packages
	swift build -c release --product pasted -Xswiftc -static-stdlib
	$(BINARY) serve

test: packages test-swift test-js test-browser

test-swift: packages
	swift format lint --strict --recursive Package.swift Sources Tests
	swift build --build-tests
	swift test --skip-build

test-js:
	@if command -v node >/dev/null; then node --test Tests/js/*.test.mjs; \
	else echo "Node is not here: the JavaScript modules are only tested in the browser."; fi

test-browser: browser-packages
	swift build --product pasted
	$(VENV)/bin/python Tests/browser/run.py

bench: packages $(VENV)/.made
	swift build -c release --product pasted -Xswiftc -static-stdlib
	$(VENV)/bin/python Benchmarks/run.py

fuzz: packages
	Tests/Fuzz/run

format:
	swift format --in-place --recursive Package.swift Sources Tests

docs:
	swift package dump-symbol-graph --minimum-access-level public

packages:
	@.ci/packages libssl-dev zlib1g-dev libsqlite3-dev

browser-packages: $(VENV)/.made
	@.ci/packages chromium python3-venv

$(VENV)/.made: Tests/browser/requirements.txt
	@.ci/packages python3-venv
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement Tests/browser/requirements.txt
	touch $@
