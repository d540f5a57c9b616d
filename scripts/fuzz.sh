#!/usr/bin/env bash
# Runs every fuzz target for a short time and fails if one finds something.
#   FUZZTIME    seconds for each target (5)
#   FUZZ_TOTAL  seconds for all of them, compilation not counted (240): with many
#               targets each gets less
#   FUZZ        only targets whose name matches this extended regular expression
# What was found is a file in testdata/fuzz of the package: fix it and commit the file.
set -euo pipefail
cd "$(dirname "$0")/.."

fuzztime=${FUZZTIME:-5}
total=${FUZZ_TOTAL:-240}
fuzztime=${fuzztime%s}

# Read from the source, as `go test -list` would have to link every test binary.
mapfile -t targets < <(
	grep -rEl --include='*_test.go' --exclude-dir=.cache --exclude-dir=testdata '^func Fuzz\w+\(\w+ \*testing\.F\)' . |
		while read -r file; do
			sed -nE "s|^func (Fuzz[A-Za-z0-9_]+)\(\w+ \*testing\.F\).*|$(dirname "$file") \1|p" "$file"
		done | grep -E "${FUZZ:-.}" | sort
)
if [ ${#targets[@]} -eq 0 ]; then
	echo "fuzz: no fuzz target was found" >&2
	exit 1
fi
if [ $((fuzztime * ${#targets[@]})) -gt "$total" ]; then
	fuzztime=$((total / ${#targets[@]}))
	[ "$fuzztime" -ge 1 ] || fuzztime=1
fi
echo "fuzz: ${#targets[@]} targets, ${fuzztime} s each"

log=$(mktemp)
trap 'rm -f "$log"' EXIT

fuzz() {
	go test -run='^$' -fuzz="^$2\$" -fuzztime="${fuzztime}s" -fuzzminimizetime=5s "$1" >"$log" 2>&1
}

failed=0
for target in "${targets[@]}"; do
	read -r dir name <<<"$target"
	if fuzz "$dir" "$name"; then
		printf 'fuzz: ok    %-50s %s\n' "$dir $name" "$(grep -Eo 'execs: [0-9]+' "$log" | tail -1 || true)"
		continue
	fi
	# go test sometimes reports the end of the time as a failure of its own: without
	# a failing input, once more.
	if grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log" && fuzz "$dir" "$name"; then
		printf 'fuzz: ok    %-50s (second try)\n' "$dir $name"
		continue
	fi
	echo "fuzz: FAIL  $dir $name"
	cat "$log"
	failed=1
done
exit $failed
