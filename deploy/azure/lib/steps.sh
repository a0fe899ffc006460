# shellcheck shell=bash
# Sourced by deploy: the steps. Each looks first: what is there as wanted is left alone, what
# is there and differs ends the program, and only what is missing is made.

declare -A made=()    # what is there, or would be in this dry run
declare -A planned=() # what of that was not there before
makes() {
  made[$1]=1
  planned[$1]=1
}

begin() {
  step=$1
  say "$1: $2"
}

is_there() { say "  is there: $1"; }

# need THING LOOK: it is there, or would be.
need() {
  [[ -v made[$1] ]] || "$2" || step_failed "there is no $1; first: $mine $1 --apply"
}

step_group() {
  begin group "$group in $location"
  if look_group; then
    differs "the location of $group" "$answer" "$location" "$mine … --location $answer   # or another --group"
    [[ ${answers[1]-} == "$owner_tag" ]] ||
      step_failed "$group was not made by this program (it has no tag created_by=$owner_tag)
   mend: $mine … --group ANOTHER-NAME
     or: $(quoted az group update --name "$group" --set "tags.created_by=$owner_tag")   # then 'down' deletes all that is in it"
    is_there "$group"
    made[group]=1
    return
  fi
  change az group create --name "$group" --location "$location" --tags "created_by=$owner_tag" --output none
  makes group
}

step_registry() {
  begin registry "$registry.azurecr.io"
  need group look_group
  if [[ ! -v planned[group] || $apply ]] && look_registry; then
    differs "the location of $registry" "$answer" "$location" "$mine … --location $answer"
    differs "the SKU of $registry" "${answers[1]-}" "$registry_sku" \
      "$(quoted az acr update --resource-group "$group" --name "$registry" --sku "$registry_sku")"
    is_there "$registry"
    made[registry]=1
    return
  fi
  # No admin user: people come with their login, the machine with its identity.
  change az acr create --resource-group "$group" --name "$registry" --location "$location" \
    --sku "$registry_sku" --admin-enabled false --output none
  makes registry
}

step_image() {
  begin image "$image"
  need registry look_registry
  if [[ ! $rebuild && (! -v planned[registry] || $apply) ]] && look_image; then
    is_there "$image (--rebuild builds it anew)"
    made[image]=1
    return
  fi
  if [[ $cloud_build ]]; then
    # The task's file is named as it lies in the folder that is sent there.
    change az acr run --resource-group "$group" --registry "$registry" --file deploy/azure/image-task.yaml \
      --set "tag=$tag" --platform linux/amd64 --timeout 7200 "$repository"
  else
    change env DOCKER_BUILDKIT=1 docker build --platform linux/amd64 --file "$repository/docker/Dockerfile.wasm" \
      --tag "$image_name:$tag" "$repository"
    change az acr login --name "$registry"
    change docker tag "$image_name:$tag" "$image"
    change docker push "$image"
  fi
  makes image
}

create_machine() {
  local options=(--size "$size" --image "$vm_image" --os-disk-size-gb "$os_disk_gb"
    --admin-username "$admin" --authentication-type ssh --ssh-key-values "$ssh_key"
    --security-type "$security" --enable-secure-boot true --enable-vtpm true)
  [[ $security != ConfidentialVM ]] || options+=(--os-disk-security-encryption-type DiskWithVMGuestState)
  # The public address is for the way out, without which there are no drivers and no image:
  # new networks have no other. Its security group lets nothing in.
  options+=(--public-ip-sku Standard --nsg "$machine-nsg" --nsg-rule NONE --assign-identity '[system]'
    --tags "created_by=$owner_tag")
  change az vm create --resource-group "$group" --name "$machine" --location "$location" "${options[@]}" --output none
}

start_machine() {
  look_power
  case $answer in
    running | starting) ;;
    *) change az vm start --resource-group "$group" --name "$machine" --output none ;;
  esac
}

let_machine_pull() {
  local principal=$machine_principal
  if [[ $principal ]] && look_role; then
    is_there "AcrPull for $machine on $registry"
    return
  fi
  [[ $principal ]] || principal="\$($(quoted az vm show --resource-group "$group" --name "$machine" \
    --query identity.principalId --output tsv))"
  change az role assignment create --assignee-object-id "$principal" --assignee-principal-type ServicePrincipal \
    --role AcrPull --scope "$(registry_id)" --output none
}

let_ssh_in() {
  local rule=(--resource-group "$group" --nsg-name "$machine-nsg" --name ssh)
  if [[ ! -v planned[machine] || $apply ]] && look_ssh_rule; then
    [[ $ssh_from ]] || differs "SSH to $machine" "open to $answer" "closed" "$(quoted az network nsg rule delete "${rule[@]}")"
    differs "who may use SSH to $machine" "$answer" "$ssh_from" \
      "$(quoted az network nsg rule update "${rule[@]}" --source-address-prefixes "$ssh_from")"
    is_there "SSH from $ssh_from"
  elif [[ $ssh_from ]]; then
    change az network nsg rule create "${rule[@]}" --priority 1000 --direction Inbound --access Allow \
      --protocol Tcp --source-address-prefixes "$ssh_from" --destination-port-ranges 22 --output none
  fi
}

stop_machine_daily() {
  local command=(az vm auto-shutdown --resource-group "$group" --name "$machine")
  if [[ ! -v planned[machine] || $apply ]] && look_shutdown; then
    [[ $shutdown != none ]] || differs "the daily stop of $machine" "$answer" none "$(quoted "${command[@]}" --off)"
    differs "the daily stop of $machine" "$answer" "$shutdown" "$(quoted "${command[@]}" --time "$shutdown")"
    is_there "a daily stop at $shutdown UTC"
  elif [[ $shutdown != none ]]; then
    change "${command[@]}" --time "$shutdown" --output none
  fi
}

step_machine() {
  begin machine "$machine, $size, $vm_image"
  need registry look_registry
  if [[ ! -v planned[group] || $apply ]] && look_machine; then
    differs "the size of $machine" "$answer" "$size" "$mine … --machine ANOTHER-NAME"
    differs "the location of $machine" "${answers[1]-}" "$location" "$mine … --location ${answers[1]-}"
    differs "the security type of $machine" "${answers[2]-}" "$security" "$mine … --machine ANOTHER-NAME"
    is_there "$machine"
    made[machine]=1
    start_machine
  else
    create_machine
    makes machine
    # The stop comes next: a machine that nothing stops is the dearest mistake.
    [[ ! $apply ]] || look_machine || step_failed "$machine is not there after it was created"
  fi
  stop_machine_daily
  let_machine_pull
  let_ssh_in
}

step_drivers() {
  local attempt
  begin drivers "NVIDIA's driver $driver, docker and the container toolkit on $machine"
  need machine look_machine
  if [[ $machine_driver ]]; then
    differs "the driver on $machine" "$machine_driver" "$driver" \
      "$mine … --driver $machine_driver   # or another --machine"
    is_there "driver $machine_driver"
    return
  fi
  for attempt in 1 2; do
    on_machine drivers.sh "$driver" "$security"
    [[ $machine_status == 10 && $attempt == 1 ]] || break
    say "  a newer kernel was installed, for which there are signed modules"
    change az vm restart --resource-group "$group" --name "$machine" --output none
  done
  ((machine_status == 0)) || step_failed "drivers.sh ended with exit code $machine_status on $machine"
  # By it the next run knows, without asking the machine.
  change az vm update --resource-group "$group" --name "$machine" --set "tags.nvidia_driver=$driver" --output none
  makes drivers
}

ended_badly=()
run_there() {
  say "  in the container: $(quoted "$@")"
  on_machine run.sh "$image" "$data" "$@"
  ((machine_status == 0)) || ended_badly+=("'$(quoted "$@")' ended with exit code $machine_status.")
}

step_run() {
  begin run "$image on $machine"
  need image look_image
  need machine look_machine
  [[ -v planned[drivers] || -v planned[machine] || $machine_driver ]] ||
    step_failed "$machine has no drivers yet; first: $mine drivers --apply"
  [[ -v planned[machine] ]] || start_machine
  # What doctor finds on one backend need not keep the demo from another: both run.
  run_there wasmtime-gpu-host doctor
  run_there "${demo[@]}"
  ((${#ended_badly[@]} == 0)) || step_failed "on $machine: ${ended_badly[*]}"
}

step_status() {
  begin status "$group"
  if ! look_group; then
    say "  there is no group $group: nothing of this costs anything"
    return
  fi
  say "  group      $group in $answer, created by ${answers[1]:-somebody else}"
  if look_registry; then
    say "  registry   $registry, ${answers[1]-}"
    if look_image; then say "  image      $image"; else say "  image      not there"; fi
  else
    say "  registry   not there"
  fi
  if ! look_machine; then
    say "  machine    not there"
    return
  fi
  say "  machine    $machine, $answer, ${answers[2]:-no security type}"
  say "  driver     ${machine_driver:-not there}"
  look_power
  say "  power      $answer"
  case $answer in
    deallocated) say "             (costs only its disk and address)" ;;
    stopped) say "             (costs all the same: $(quoted az vm deallocate --resource-group "$group" --name "$machine"))" ;;
  esac
  if look_shutdown; then say "  stops at   $answer UTC every day"; else say "  stops at   never by itself"; fi
  if look_ssh_rule; then say "  ssh        from $answer"; else say "  ssh        closed"; fi
}

step_down() {
  begin down "deletes the group $group and all that is in it"
  if ! look_group; then
    say "  there is no group $group"
    return
  fi
  [[ ${answers[1]-} == "$owner_tag" ]] ||
    step_failed "$group was not made by this program (it has no tag created_by=$owner_tag), and is left alone
   mend: $(quoted az group delete --name "$group")   # if all that is in it shall go"
  ask resource list --resource-group "$group" --query "[].[type, name]"
  local resource
  for resource in "${answers[@]}"; do say "    ${resource//$'\t'/ }"; done
  if [[ $apply && $confirmed != "$group" ]]; then
    wrong_usage "'down' deletes for good: confirm with the group's name: $mine down --apply --yes $(quoted "$group")"
  fi
  change az group delete --name "$group" --yes --output none
}
