# shellcheck shell=bash
# Sourced by deploy: what is there. None of it changes anything. Each look_ function returns
# 1 where the thing is not there, and leaves its properties in $answers or in variables.

look_group() { ask group show --name "$group" --query "[location, tags.created_by]"; }

look_registry() {
  ask acr show --resource-group "$group" --name "$registry" --query "[location, sku.name]"
}

look_image() {
  ask acr repository list --name "$registry"
  [[ " ${answers[*]} " == *" $image_name "* ]] || return 1
  ask acr repository show-tags --name "$registry" --repository "$image_name"
  [[ " ${answers[*]} " == *" $tag "* ]]
}

machine_principal=''
machine_driver=''
look_machine() {
  ask vm show --resource-group "$group" --name "$machine" --query \
    "[hardwareProfile.vmSize, location, securityProfile.securityType, identity.principalId, tags.nvidia_driver]" ||
    return 1
  machine_principal=${answers[3]-}
  machine_driver=${answers[4]-}
}

look_power() {
  ask vm get-instance-view --resource-group "$group" --name "$machine" --query \
    "[instanceView.statuses[?starts_with(code, 'PowerState/')].code | [0]]"
  answer=${answer#PowerState/}
}

look_ssh_rule() {
  ask network nsg rule show --resource-group "$group" --nsg-name "$machine-nsg" --name ssh \
    --query "[sourceAddressPrefix]"
}

look_shutdown() {
  ask resource show --resource-group "$group" --resource-type Microsoft.DevTestLab/schedules \
    --name "shutdown-computevm-$machine" --query "[properties.dailyRecurrence.time]"
}

registry_id() {
  printf '/subscriptions/%s/resourceGroups/%s/providers/Microsoft.ContainerRegistry/registries/%s' \
    "$subscription_id" "$group" "$registry"
}

# The filter is az's own, so that it need not ask the directory for names.
look_role() {
  ask role assignment list --scope "$(registry_id)" --role AcrPull --fill-principal-name false \
    --query "[?principalId=='$machine_principal'].id"
  [[ $answer ]]
}
