# shellcheck shell=sh
# Runs on the machine, as root, by `az vm run-command`, which puts `set -- BRANCH SECURITY`
# before it: NVIDIA's driver, docker and NVIDIA's container toolkit. What is there stays.
# Exit code 10: a newer kernel was installed, and the machine must be restarted first.
#
# Only the last 4096 bytes of what it prints come back; the rest is in the log.
set -eu
branch=$1
security=$2
log=/var/log/wasmtime-gpu-host-drivers.log

finish() {
  status=$?
  if [ "$status" -ne 0 ] && [ "$status" -ne 10 ]; then tail -n 25 "$log" | cut -c 1-120; fi
  echo "wgh-exit-code: $status"
}
trap finish EXIT
: >"$log"

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a
# A machine that has just started is updating itself: wait for it.
get() { apt-get -o DPkg::Lock::Timeout=600 "$@" >>"$log" 2>&1; }

# An automatic update of the driver or the kernel takes the running module away from under
# its libraries. A person's own apt-get upgrade still does both.
cat >/etc/apt/apt.conf.d/52wasmtime-gpu-host <<'END'
Unattended-Upgrade::Package-Blacklist { "linux-"; "nvidia-"; "libnvidia-"; };
END

echo "packages: updating the lists"
get update

if [ "$security" = ConfidentialVM ]; then
  # Driver and GPU agree on a session key with these as the module loads, which may happen
  # while its package is installed.
  echo 'softdep nvidia pre: ecdsa_generic ecdh' >/etc/modprobe.d/wasmtime-gpu-host.conf
  ready='ExecStart=/usr/bin/nvidia-smi conf-compute -srs 1'
else
  ready=''
fi

# Modules that Canonical has signed for this very kernel: with Secure Boot no other is loaded.
# They are the open ones, which confidential computing requires.
modules=linux-modules-nvidia-$branch-server-open-$(uname -r)
if ! dpkg -s "$modules" >/dev/null 2>&1; then
  if ! apt-cache show "$modules" >/dev/null 2>&1; then
    before=$(ls /lib/modules)
    get dist-upgrade -y
    if [ "$before" != "$(ls /lib/modules)" ]; then exit 10; fi
    echo "Ubuntu has no $modules: name another --driver"
    exit 1
  fi
fi
echo "driver: $modules"
# The driver's package brings libnvidia-gl too, of the same version: Vulkan.
get install -y --no-install-recommends "$modules" "nvidia-driver-$branch-server-open" libvulkan1 vulkan-tools

# Persistence keeps the driver initialized between programs; in confidential computing the
# session would end with each. There the GPU also takes no work before it is said to be ready.
cat >/etc/systemd/system/wasmtime-gpu-host-gpu.service <<END
[Unit]
Description=Makes the GPU ready
After=nvidia-persistenced.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/nvidia-smi -pm 1
$ready
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
modprobe nvidia
modprobe nvidia-uvm
systemctl enable wasmtime-gpu-host-gpu.service >>"$log" 2>&1
systemctl restart wasmtime-gpu-host-gpu.service

echo "docker and NVIDIA's container toolkit"
get install -y --no-install-recommends docker.io ca-certificates curl gnupg
key=/usr/share/keyrings/nvidia-container-toolkit.gpg
if [ ! -s "$key" ]; then
  curl -fsSL --retry 3 https://nvidia.github.io/libnvidia-container/gpgkey | gpg --dearmor >"$key.new"
  mv "$key.new" "$key"
fi
# shellcheck disable=SC2016 # apt's own variable
printf 'deb [signed-by=%s] https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /\n' "$key" \
  >/etc/apt/sources.list.d/nvidia-container-toolkit.list
get update
get install -y --no-install-recommends nvidia-container-toolkit
if ! docker info --format '{{json .Runtimes}}' | grep -q '"nvidia"'; then
  nvidia-ctk runtime configure --runtime=docker >>"$log" 2>&1
  systemctl restart docker
fi

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
if [ "$security" = ConfidentialVM ]; then
  nvidia-smi conf-compute -f
  nvidia-smi conf-compute -e
fi
vulkaninfo --summary 2>>"$log" | grep -E 'deviceName|driverVersion|driverInfo' || echo "vulkaninfo lists no device"
