#!/usr/bin/env bash
# Installs what the tests need beside Go: Debian packages, and npm packages into
# .cache/npm. What is there already is left alone, so that a second run takes well
# under a second and needs no network and no rights.
set -euo pipefail
cd "$(dirname "$0")/.."

have() { command -v "$1" >/dev/null 2>&1; }

# Each test looks for the thing itself, as it may be there without Debian's package.
missing=()
have gcc || missing+=(gcc)
[ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
have perl && perl -MEncode::GSM0338 -e 1 2>/dev/null || missing+=(perl)
have perl && perl -MNet::SMPP -e 1 2>/dev/null || missing+=(libnet-smpp-perl)
have tshark || missing+=(tshark)
{ have bearerbox || [ -x /usr/sbin/bearerbox ]; } && { have smsbox || [ -x /usr/sbin/smsbox ]; } || missing+=(kannel)
have osmo-msc || missing+=(osmo-msc)
have openssl || missing+=(openssl)
have curl || missing+=(curl)
have node || missing+=(nodejs)
have npm || missing+=(npm)

install_packages() {
	local as_root=()
	if ! have apt-get; then
		echo "deps: this is no Debian. Install what these packages hold, then try again: ${missing[*]}" >&2
		exit 1
	fi
	if [ "$(id -u)" -ne 0 ]; then
		if have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
			as_root=(sudo)
		else
			echo "deps: the tests need Debian packages, and only root may install them. Run as root:" >&2
			echo "    apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
			exit 1
		fi
	fi
	echo "deps: installing ${missing[*]}"
	# env, since sudo does not pass variables on.
	local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
	"${apt[@]}" update </dev/null
	"${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null
	# The tests start their own; as services they would only be in the way.
	[ -d /run/systemd/system ] || return 0
	for service in kannel osmo-msc; do
		if [[ " ${missing[*]} " == *" $service "* ]]; then
			"${as_root[@]}" systemctl --quiet disable --now "$service" || true
		fi
	done
}

if [ ${#missing[@]} -gt 0 ]; then
	install_packages
fi

# The lock file that is installed is kept as the mark of a complete installation.
mark=.cache/npm/installed-package-lock.json
if ! cmp -s scripts/npm/package-lock.json "$mark"; then
	echo "deps: installing npm packages into .cache/npm"
	mkdir -p .cache/npm
	rm -f "$mark"
	cp scripts/npm/package.json scripts/npm/package-lock.json .cache/npm/
	# No scripts: nothing of a package is run before a test asks for it.
	npm ci --prefix .cache/npm --ignore-scripts --no-audit --no-fund --no-progress </dev/null
	cp scripts/npm/package-lock.json "$mark"
fi
