# shellcheck shell=bash
# Sourced by deploy: everything that a deployment needs and that can be known beforehand. All
# of it is looked at before anything is created.

mine=$(quoted "$0") # what to call, in the commands that mend

have_az() {
  command -v az >/dev/null && return
  missing "az, Azure's command line" "curl -sL https://aka.ms/InstallAzureCLIDeb | sudo bash   # Debian, Ubuntu"
  stop_on_problems
}

have_login() {
  local text name
  if ! text=$(az account show --query "[id, name]" --output tsv 2>/dev/null </dev/null); then
    missing "a login to Azure" "az login"
    stop_on_problems
  fi
  text=${text//$'\r'/}
  subscription_id=${text%%$'\n'*}
  name=${text#*$'\n'}
  if [[ $subscription && $subscription != "$subscription_id" && $subscription != "$name" ]]; then
    missing "the subscription '$subscription': az is in '$name' ($subscription_id)" \
      "$(quoted az account set --subscription "$subscription")"
    stop_on_problems
  fi
  say "subscription: $name ($subscription_id)"
}

check_providers() {
  local provider
  ask provider list --query "[?registrationState=='Registered'].namespace"
  for provider in Microsoft.Compute Microsoft.Network Microsoft.ContainerRegistry Microsoft.DevTestLab; do
    [[ " ${answers[*]} " == *" $provider "* ]] ||
      missing "the resource provider $provider in this subscription" \
        "$(quoted az provider register --namespace "$provider" --wait)"
  done
}

check_registry_name() {
  ask acr check-name --name "$registry" --query "[nameAvailable, message]"
  [[ ${answer,,} == true ]] ||
    missing "a free name for the registry: '$registry' is somebody else's, or not allowed (${answers[1]-})" \
      "$mine … --registry ANOTHER-NAME"
}

check_image_source() {
  [[ -f $repository/docker/Dockerfile.wasm ]] ||
    missing "$repository/docker/Dockerfile.wasm, and $image is not in the registry" \
      "$(quoted git -C "$repository" checkout -- docker/Dockerfile.wasm)"
  [[ $cloud_build ]] && return
  if ! command -v docker >/dev/null; then
    missing "docker, to build and push the image" \
      "$mine … --cloud-build   # Azure builds it; or: sudo apt-get install docker.io"
  elif ! docker version --format '{{.Server.Version}}' >/dev/null 2>&1 </dev/null; then
    missing "an answer of docker's daemon" \
      "sudo systemctl start docker   # and: sudo usermod -aG docker \"\$USER\", or --cloud-build"
  fi
}

check_ssh_key() {
  local private=${ssh_key%.pub}
  if [[ ! -f $ssh_key ]]; then
    missing "the public SSH key $ssh_key" "$(quoted ssh-keygen -t rsa -b 4096 -f "$private")"
  elif ! grep -qE '^(ssh-rsa|ssh-ed25519) ' "$ssh_key"; then
    missing "a public SSH key in $ssh_key, which holds something else" \
      "$(quoted ssh-keygen -y -f "$private") >$(quoted "$private.pub")   # and: --ssh-key $(quoted "$private.pub")"
  fi
}

# The family's name comes from Azure, which does not spell it in one way: hence ,, below.
check_size_and_quota() {
  local family restriction line name used limit found=''
  ask vm list-skus --location "$location" --resource-type virtualMachines --size "$size" --all \
    --query "[?name=='$size'] | [0].[family, restrictions[?type=='Location'].reasonCode | [0]]"
  family=$answer
  restriction=${answers[1]-}
  if [[ ! $family ]]; then
    missing "the size $size in $location" \
      "az vm list-skus --resource-type virtualMachines --size $size --all --query '[].locations[0]' --output tsv   # then: --location"
    return
  fi
  if [[ $restriction ]]; then
    missing "the size $size for this subscription in $location ($restriction)" \
      "az vm list-skus --resource-type virtualMachines --size $size --query '[].locations[0]' --output tsv   # or ask Azure's support"
    return
  fi
  ask vm list-usage --location "$location" --query "[].[name.value, currentValue, limit]"
  for line in "${answers[@]}"; do
    IFS=$'\t' read -r name used limit <<<"$line"
    [[ ${name,,} == "${family,,}" || $name == cores ]] || continue
    [[ $name == cores ]] || found=1
    ((limit - used >= size_vcpus)) || no_quota "$name" "$used" "$limit"
  done
  [[ $found ]] || no_quota "$family" 0 0
}

no_quota() {
  missing "quota: $size needs $size_vcpus vCPUs of '$1' in $location, $2 of $3 are in use" \
    "az extension add --name quota && $(quoted az quota update --resource-name "$1" \
      --scope "/subscriptions/$subscription_id/providers/Microsoft.Compute/locations/$location" \
      --limit-object "value=$(($2 + size_vcpus))" --resource-type dedicated)   # or in the portal: Quotas, Compute"
}

# check_all: for whoever creates something.
check_all() {
  local there_group='' there_image=''
  check_providers
  if look_group; then there_group=1; fi
  if [[ $there_group ]] && look_registry; then
    if look_image; then there_image=1; fi
  else
    check_registry_name
  fi
  [[ $there_image && ! $rebuild ]] || check_image_source
  if [[ ! $there_group ]] || ! look_machine; then
    check_ssh_key
    check_size_and_quota
  fi
  stop_on_problems
}
