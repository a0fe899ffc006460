# shellcheck shell=sh
# Runs on the machine, as root, by `az vm run-command`, which puts `set -- IMAGE DATA COMMAND…`
# before it: pulls the image with the machine's own identity and runs a command in it.
# DATA is a folder that the container sees as /data, read-only, or empty.
#
# Only the last 4096 bytes of what it prints come back.
set -eu
image=$1
data=$2
shift 2
registry=${image%%/*}

# The login lives as long as this script, and where nothing else looks.
DOCKER_CONFIG=$(mktemp -d)
export DOCKER_CONFIG
finish() {
  status=$?
  rm -rf "$DOCKER_CONFIG"
  echo "wgh-exit-code: $status"
}
trap finish EXIT

if [ -n "$data" ] && [ ! -d "$data" ]; then
  echo "there is no folder $data on this machine: copy the data there first"
  exit 1
fi

field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# The identity's token, then the registry's for it; both go by pipe, never as arguments,
# which every process of the machine could read.
identity='http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F'
curl -fsS --retry 5 --noproxy '*' -H Metadata:true "$identity" | field access_token |
  curl -fsS --retry 5 --data-urlencode "grant_type=access_token" --data-urlencode "service=$registry" \
    --data-urlencode "access_token@-" "https://$registry/oauth2/exchange" | field refresh_token |
  docker login --username 00000000-0000-0000-0000-000000000000 --password-stdin "$registry" >/dev/null 2>&1 ||
  { echo "the registry $registry does not let this machine in: has its identity the role AcrPull? A new one takes minutes to be known."; exit 1; }
docker pull --quiet "$image" >/dev/null

# --runtime brings Vulkan's manifest along with the libraries that 'graphics' asks for.
set -- --rm --runtime=nvidia --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics \
  ${data:+--volume "$data:/data:ro"} "$image" "$@"
docker run "$@" 2>&1
