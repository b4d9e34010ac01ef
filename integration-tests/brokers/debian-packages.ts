import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

// The lock makes concurrent runs wait for each other; other processes may still hold apt's own locks, hence the
// retries. The packages
// would start services of the system: policy-rc.d forbids that while they are being installed, and what systemd would start with the
// next boot is disabled where it was not there before.
const script = `
set -eu
exec 9>/run/lock/mqtrace-apt.lock 2>/dev/null || exec 9>/tmp/mqtrace-apt.lock
if command -v flock >/dev/null; then flock 9; fi
export DEBIAN_FRONTEND=noninteractive
patiently() {
  left=60; while [ $left -gt 0 ]; do
    if output=$("$@" 2>&1 9>&-); then return 0; fi
    case "$output" in
      *"Could not get lock"*|*"Unable to acquire"*|*"Unable to lock"*) sleep 5; left=$((left - 1)) ;;
      *) left=0 ;;
    esac
  done
  echo "$output" | tail -n 15; return 1
}
units=; for unit in redis-server rabbitmq-server epmd.socket epmd prometheus prometheus-node-exporter; do
  systemctl cat "$unit" >/dev/null 2>&1 || units="$units $unit"
done
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT; trap 'exit 1' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' >$policy; chmod 755 $policy
fi
patiently apt-get update -q
packages=; for alternatives in "$@"; do
  for package in $alternatives; do
    case "$(apt-cache policy "$package")" in *"Candidate: (none)"*|"") ;; *) packages="$packages $package"; break ;; esac
  done
done
patiently apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 $packages
for unit in $units; do systemctl disable --now "$unit" >/dev/null 2>&1 || true; done
`;

/** Installs the first available package of each group, and leaves none of their services running. Needs root. */
export async function installDebianPackages(groups: readonly (readonly string[])[]): Promise<void> {
  const args = ['-c', script, 'install', ...groups.map((group) => group.join(' '))];
  const child = spawn('/bin/sh', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number | null]>]);
  if (code !== 0) throw new Error(`apt-get could not install ${groups.map(([first]) => first).join(', ')}:\n${output}`);
}
