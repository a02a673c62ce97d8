# Makefile - a thin front for the CMake presets. Everything it needs it installs itself, and says so.

.PHONY: all demo check test soak bench install deps format clean

all: deps
	@cmake --preset release >/dev/null
	@cmake --build build/release --target firn

# The main job, then the same two queries on 20 million rows.
demo: all
	@rm -rf firn-demo
	build/release/firn demo
	build/release/firn demo --rows 20000000 --quiet

# The inner loop: under a minute, no JVM.
check:
	@tools/deps test
	@test/run check

# Every kind of test, real systems included, at reduced counts with printed seeds.
test:
	@tools/deps test
	@test/run all

# Full counts of one kind: make soak TARGET=fuzz
soak:
	@tools/deps test
	@test/run soak $(TARGET)

bench: all
	@bench/run

install: all
	@cmake --install build/release

deps:
	@tools/deps

format:
	@clang-format-14 -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf build firn-demo
