# shellcheck shell=bash
# Sourced by deploy: what can be set, where from, and whether it is of the right form.

# shellcheck disable=SC2034 # used by the other files
{
  image_name=wasm-ml
  owner_tag=wasmtime-gpu-host
  plain_size=Standard_NC40ads_H100_v5
  confidential_size=Standard_NCC40ads_H100_v5
  size_vcpus=40
}

setting_names=(subscription group location registry registry_sku tag machine size vm_image
  os_disk_gb admin ssh_key ssh_from shutdown driver data)
declare -A given=() given_by=()

variable_of() { printf 'WGH_AZURE_%s' "${1^^}"; }

# give NAME VALUE WHERE: the first place that names a setting has it.
give() {
  [[ $2 ]] || wrong_usage "$3 is empty: give it a value, or leave it out"
  [[ $2 != *$'\n'* ]] || wrong_usage "$3 has more than one line"
  [[ -v given[$1] ]] && return
  given[$1]=$2
  given_by[$1]=$3
}

read_environment() {
  local name variable
  for name in "${setting_names[@]}"; do
    variable=$(variable_of "$name")
    [[ -v $variable ]] && give "$name" "${!variable}" "the environment variable $variable"
  done
  return 0
}

read_settings_file() {
  local line variable name number=0
  [[ -r $1 ]] || wrong_usage "the settings file $1 cannot be read: cp $here/settings.env.example $1"
  while IFS= read -r line || [[ $line ]]; do
    number=$((number + 1))
    line=${line%$'\r'}
    [[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
    variable=${line%%=*}
    name=${variable#WGH_AZURE_}
    name=${name,,}
    if [[ $line != *=* || $variable != "$(variable_of "$name")" || " ${setting_names[*]} " != *" $name "* ]]; then
      wrong_usage "$1, line $number: '$line' is no setting; settings.env.example lists them"
    fi
    give "$name" "${line#*=}" "$variable ($1, line $number)"
  done <"$1"
}

# well_formed NAME PATTERN WHAT: the value of a setting that has one is of this form.
well_formed() {
  [[ ! -v given[$1] || ${given[$1]} =~ ^($2)$ ]] ||
    wrong_usage "${given_by[$1]}: '${given[$1]}' is not $3"
}

# settle NEEDED…: gives each setting its value, and ends the program where one that is
# needed has none or one is malformed: before az is asked anything.
# shellcheck disable=SC2034 # used by the other files
settle() {
  local name without=()
  for name; do
    [[ -v given[$name] ]] && continue
    printf 'missing: the setting %s\n   mend: %s\n' "$name" \
      "echo $(variable_of "$name")=VALUE >>$(quoted "$here/settings.env")   # or --${name//_/-} VALUE" >&2
    without+=("$name")
  done
  ((${#without[@]} == 0)) || wrong_usage "no value for: ${without[*]}; nothing was changed"

  well_formed group '[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]' \
    "a name of a resource group: 1 to 90 letters, digits and _ ( ) . -, the last no full stop"
  well_formed location '[a-z0-9]+' \
    "a location by its short name, such as westeurope: az account list-locations --query '[].name' --output tsv"
  well_formed registry '[a-z0-9]{5,50}' "a name of a registry: 5 to 50 small letters and digits"
  well_formed registry_sku 'Basic|Standard|Premium' "Basic, Standard or Premium"
  well_formed tag '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}' "a tag of an image: 1 to 128 letters, digits and _ . -"
  well_formed machine '[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?' \
    "a name of a machine: 1 to 64 letters, digits and -, the first and last no -"
  well_formed size "$plain_size|$confidential_size" "$plain_size or $confidential_size"
  well_formed vm_image '[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+){3}' "PUBLISHER:OFFER:SKU:VERSION"
  well_formed os_disk_gb '[1-9][0-9]{1,3}' "a number of GB from 10 to 9999"
  well_formed admin '[a-z_][a-z0-9_-]{0,31}' "a name of a user: small letters, digits, _ and -"
  well_formed ssh_from '([0-9]{1,3}\.){3}[0-9]{1,3}(/(8|9|[12][0-9]|3[0-2]))?' \
    "an IPv4 address, or a range of them no wider than /8"
  well_formed shutdown 'none|([01][0-9]|2[0-3])[0-5][0-9]' "hour and minute, such as 1900, or none"
  well_formed driver '[1-9][0-9]{2}' "a branch of NVIDIA's driver, such as 580"
  well_formed data '/.*' "an absolute path on the machine"
  [[ ${given[data]-} != *:* ]] || wrong_usage "${given_by[data]}: a folder with a colon cannot be mounted"

  subscription=${given[subscription]-}
  group=${given[group]-}
  location=${given[location]-}
  registry=${given[registry]-}
  registry_sku=${given[registry_sku]-Premium}
  tag=${given[tag]-latest}
  machine=${given[machine]-wasm-ml-h100}
  size=${given[size]-$plain_size}
  os_disk_gb=${given[os_disk_gb]-128}
  admin=${given[admin]-azureuser}
  ssh_key=${given[ssh_key]-${HOME:?}/.ssh/id_rsa.pub}
  ssh_from=${given[ssh_from]-}
  shutdown=${given[shutdown]-1900}
  driver=${given[driver]-580}
  data=${given[data]-}

  image=$registry.azurecr.io/$image_name:$tag
  # Both have kernels and modules signed by Canonical, so that Secure Boot stays on; only
  # the second boots as a confidential machine.
  if [[ $size == "$confidential_size" ]]; then
    security=ConfidentialVM
    vm_image=${given[vm_image]-Canonical:ubuntu-24_04-lts:cvm:latest}
  else
    security=TrustedLaunch
    vm_image=${given[vm_image]-Canonical:ubuntu-24_04-lts:server:latest}
  fi
}
