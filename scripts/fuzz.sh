#!/usr/bin/env bash
# Runs every fuzz target of the module and fails if one finds something.
#   FUZZTIME    for each target: seconds, or 10m, or 1h (20)
#   FUZZ        only targets whose "folder name" matches this extended regular expression
#   FUZZ_JOBS   how many targets run at a time, each on one core (2)
#   FUZZ_TOTAL  seconds for all targets together, compilation not counted (480, or no limit when
#               FUZZTIME is given): with many targets each gets less
#
# A campaign by hand:  FUZZTIME=10m scripts/fuzz.sh
# Targets of a minute or more are remembered when they end well: a campaign that was stopped goes on
# where it was, and its whole list is printed at the end. FUZZ_RESTART=1 begins anew.
#
# What was found is a file in testdata/fuzz of the package: fix it and commit the file.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds() { # of 20, 20s, 10m or 1h
	case $1 in
	*h) echo $((${1%h} * 3600)) ;;
	*m) echo $((${1%m} * 60)) ;;
	*) echo $((${1%s})) ;;
	esac
}

fuzztime=$(seconds "${FUZZTIME:-20}")
total=${FUZZ_TOTAL:-$([ -n "${FUZZTIME:-}" ] || echo 480)}
jobs=${FUZZ_JOBS:-2}

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
rounds=$(((${#targets[@]} + jobs - 1) / jobs))
if [ -n "$total" ] && [ $((fuzztime * rounds)) -gt "$total" ]; then
	fuzztime=$((total / rounds))
	[ "$fuzztime" -ge 1 ] || fuzztime=1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
done_list=$work/done
if [ "$fuzztime" -ge 60 ]; then
	mkdir -p .cache/fuzz
	done_list=.cache/fuzz/${fuzztime}s
	[ -z "${FUZZ_RESTART:-}" ] || rm -f "$done_list"
fi
touch "$done_list"
for target in "${targets[@]}"; do
	grep -qF " $target " "$done_list" || echo "$target"
done >"$work/todo"
echo "fuzz: ${#targets[@]} targets, $((${#targets[@]} - $(wc -l <"$work/todo"))) done before, ${fuzztime} s each, $jobs at a time"

fuzz() { # dir name log
	go test -run='^$' -fuzz="^$2\$" -fuzztime="${fuzztime}s" -fuzzminimizetime=5s -parallel=1 -timeout=0 "$1" >"$3" 2>&1
}

one() { # dir name
	local log
	log=$work/$(tr -c 'A-Za-z0-9\n' _ <<<"$1 $2").log
	# go test sometimes reports the end of the time as a failure of its own: without a
	# failing input, once more.
	if fuzz "$1" "$2" "$log" ||
		{ grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log" && fuzz "$1" "$2" "$log"; }; then
		local execs
		execs=$(grep -Eo 'execs: [0-9]+' "$log" | tail -1 || true)
		echo "ok $1 $2 $execs" >>"$done_list"
		return
	fi
	{
		echo "fuzz: FAIL $1 $2"
		cat "$log"
	} >"$log.out"
	cat "$log.out" # at once, so that two do not mix
	echo "FAIL $1 $2 see above" >>"$work/failed"
}
export -f fuzz one
export fuzztime work done_list

xargs -r -P "$jobs" -L 1 bash -c 'one "$@"' _ <"$work/todo"

touch "$work/failed"
for target in "${targets[@]}"; do
	grep -hF " $target " "$done_list" "$work/failed" | tail -1 || echo "???? $target was not run"
done | sort -k2 | awk '{printf "fuzz: %-4s %-52s %s %s\n", $1, $2 " " $3, $4, $5}'
# Not done and not failed can only be an error of this script.
[ ! -s "$work/failed" ] || exit 1
for target in "${targets[@]}"; do
	grep -qF " $target " "$done_list" || exit 1
done
case $done_list in .cache/*) rm -f "$done_list" ;; esac # the next campaign begins anew
