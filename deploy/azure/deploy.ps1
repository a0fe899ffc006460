#Requires -Version 7.2
<#
.SYNOPSIS
  Brings the image to an H100 machine in Azure: deploy/azure/deploy for Windows.
.DESCRIPTION
  This script HAS NOT BEEN RUN. It was written beside deploy/azure/deploy, which is tested
  against a fake az, and reviewed; its authors have no PowerShell. It has the same steps,
  settings, checks and calls of az. Without -Apply nothing is changed: queries run, and what
  would change something is printed. See docs/azure.md.
.EXAMPLE
  deploy/azure/deploy.ps1 all -Group wasm-ml -Location westeurope -Registry yourcompanywasmml
.EXAMPLE
  deploy/azure/deploy.ps1 down -Group wasm-ml -Apply -Yes wasm-ml
#>
[CmdletBinding(PositionalBinding = $false)]
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidateSet('check', 'group', 'registry', 'image', 'machine', 'drivers', 'run', 'all', 'status', 'down')]
    [string] $Step,
    [switch] $Apply,
    [string] $Yes = '',
    [switch] $CloudBuild,
    [switch] $Rebuild,
    [string] $SettingsFile,
    # The settings of settings.env.example.
    [string] $Subscription,
    [string] $Group,
    [string] $Location,
    [string] $Registry,
    [string] $RegistrySku,
    [string] $Tag,
    [string] $Machine,
    [string] $Size,
    [string] $VmImage,
    [string] $OsDiskGb,
    [string] $Admin,
    [string] $SshKey,
    [string] $SshFrom,
    [string] $Shutdown,
    [string] $Driver,
    [string] $Data,
    # What runs in the container after doctor.
    [string[]] $Command = @('wasmtime-gpu-host', '--backend', 'cuda', '-d', 'data',
        '/usr/lib/gpu_host/wasm_ml.wasm', 'bench')
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false # exit codes are looked at below

$here = $PSScriptRoot
$repository = (Resolve-Path (Join-Path $here '../..')).Path
$ownerTag = 'wasmtime-gpu-host'
$plainSize = 'Standard_NC40ads_H100_v5'
$confidentialSize = 'Standard_NCC40ads_H100_v5'
$sizeVcpus = 40

$script:stepName = ''
$script:answers = @()
$script:problems = 0
$script:planned = @{}
$script:machinePrincipal = ''
$script:machineDriver = ''
$script:endedBadly = @()
$script:subscriptionId = ''

# --- Messages ---------------------------------------------------------------------------

function Say([string] $text) { [Console]::Out.WriteLine($text) }

function Stop-With([int] $code, [string] $text) {
    [Console]::Error.WriteLine("error: $text")
    exit $code
}

function Stop-WrongUsage([string] $text) { Stop-With 2 $text }

function Stop-Step([string] $text) {
    $more = if ($script:stepName -in 'drivers', 'run') { ' The machine goes on running, and costs.' } else { '' }
    Stop-With 1 ("step $($script:stepName): $text`n" +
        "What earlier steps made stays; the same command again goes on from here.$more")
}

# Says what is missing, and goes on: all of it is worth one run.
function Add-Missing([string] $what, [string] $mending) {
    [Console]::Error.WriteLine("missing: $what`n   mend: $mending")
    $script:problems++
}

function Stop-OnProblems {
    if ($script:problems) { Stop-With 1 "$($script:problems) missing; nothing was changed" }
}

# As PowerShell reads them back. A value that exists only once an earlier command has run is
# a query for it, $(az ...), which PowerShell must run.
function Format-Words([string[]] $words) {
    $quoted = foreach ($word in $words) {
        if ($word.StartsWith('$(az ')) { '"' + $word + '"' }
        elseif ($word -cmatch '^[A-Za-z0-9_./:=+\\-]+$') { $word }
        else { "'" + $word.Replace("'", "''") + "'" }
    }
    $quoted -join ' '
}

# As the machine's shell reads them back.
function Format-ShellWords([string[]] $words) {
    $quoted = foreach ($word in $words) {
        if ($word -cmatch '^[A-Za-z0-9_./:=,@%+-]+$') { $word }
        else { "'" + $word.Replace("'", "'\''") + "'" }
    }
    $quoted -join ' '
}

# --- Azure ------------------------------------------------------------------------------

# A query. Its values are in $script:answers, one a line of what az prints. False where there
# is no such thing.
function Ask([string[]] $words) {
    $script:answers = @()
    $errors = New-TemporaryFile
    try {
        $lines = @(& az @words --output tsv 2>$errors.FullName)
        $code = $LASTEXITCODE
        if ($code -eq 3) { return $false } # az's own code for it
        if ($code -ne 0) {
            $text = Get-Content -Raw $errors.FullName
            Stop-With 1 "$text`nexit code $code from: az $(Format-Words $words)"
        }
    } finally {
        Remove-Item $errors.FullName
    }
    # None is how az writes null.
    $script:answers = @($lines | ForEach-Object { if ("$_" -ceq 'None') { '' } else { "$_" } })
    return $true
}

function Get-Answer([int] $number = 0) {
    if ($number -lt $script:answers.Count) { $script:answers[$number] } else { '' }
}

# Prints what changes something so that it can be pasted, and does it with -Apply.
function Invoke-Change([string[]] $words) {
    Say "  $(Format-Words $words)"
    if (-not $Apply) { return }
    $program, $rest = $words
    & $program @rest | ForEach-Object { Say "$_" }
    if ($LASTEXITCODE -ne 0) { Stop-Step "exit code $LASTEXITCODE from: $(Format-Words $words)" }
}

# For something that is there, but not as wanted.
function Assert-Same([string] $what, [string] $is, [string] $wanted, [string] $mending) {
    if ($is -ceq $wanted) { return }
    Stop-With 1 "step $($script:stepName): $what is '$is', and '$wanted' is wanted`n   mend: $mending"
}

# Runs a script of machine/ there, as root, and gives its exit code. az calls any script that
# ran a success, so the script prints its exit code last.
function Invoke-OnMachine([string] $file, [string[]] $words) {
    $path = Join-Path $here 'machine' $file
    $call = @('az', 'vm', 'run-command', 'invoke', '--resource-group', $Group, '--name', $Machine,
        '--command-id', 'RunShellScript', '--scripts', "set -- $(Format-ShellWords $words)", "@$path",
        '--query', 'value[0].message', '--output', 'tsv')
    Say "  $(Format-Words $call)"
    if (-not $Apply) { return 0 }
    $program, $rest = $call
    $lines = @(& $program @rest)
    if ($LASTEXITCODE -ne 0) { Stop-Step "exit code $LASTEXITCODE from: $(Format-Words $call)" }
    $status = $null
    foreach ($line in $lines) {
        if ("$line" -match '^wgh-exit-code: (\d+)') { $status = [int] $Matches[1] } else { Say "    $line" }
    }
    if ($null -eq $status) { Stop-Step "$file did not come to its end on $Machine" }
    return $status
}

# --- Settings ---------------------------------------------------------------------------

# Name, the parameter, and the form of its value.
$settings = [ordered]@{
    subscription = 'Subscription', '.+', 'a subscription'
    group        = 'Group', '[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]', 'a name of a resource group: 1 to 90 letters, digits and _ ( ) . -, the last no full stop'
    location     = 'Location', '[a-z0-9]+', "a location by its short name, such as westeurope: az account list-locations --query '[].name' --output tsv"
    registry     = 'Registry', '[a-z0-9]{5,50}', 'a name of a registry: 5 to 50 small letters and digits'
    registry_sku = 'RegistrySku', 'Basic|Standard|Premium', 'Basic, Standard or Premium'
    tag          = 'Tag', '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}', 'a tag of an image: 1 to 128 letters, digits and _ . -'
    machine      = 'Machine', '[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?', 'a name of a machine: 1 to 64 letters, digits and -, the first and last no -'
    size         = 'Size', "$plainSize|$confidentialSize", "$plainSize or $confidentialSize"
    vm_image     = 'VmImage', '[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+){3}', 'PUBLISHER:OFFER:SKU:VERSION'
    os_disk_gb   = 'OsDiskGb', '[1-9][0-9]{1,3}', 'a number of GB from 10 to 9999'
    admin        = 'Admin', '[a-z_][a-z0-9_-]{0,31}', 'a name of a user: small letters, digits, _ and -'
    ssh_key      = 'SshKey', '.+', 'a file'
    ssh_from     = 'SshFrom', '([0-9]{1,3}\.){3}[0-9]{1,3}(/(8|9|[12][0-9]|3[0-2]))?', 'an IPv4 address, or a range of them no wider than /8'
    shutdown     = 'Shutdown', 'none|([01][0-9]|2[0-3])[0-5][0-9]', 'hour and minute, such as 1900, or none'
    driver       = 'Driver', '[1-9][0-9]{2}', "a branch of NVIDIA's driver, such as 580"
    data         = 'Data', '/[^:]*', 'an absolute path on the machine, without a colon'
}

# The first place that names a setting has it: parameter, environment, file.
$given = @{}
$givenBy = @{}
function Add-Setting([string] $name, [string] $value, [string] $where) {
    if ($value -eq '') { Stop-WrongUsage "$where is empty: give it a value, or leave it out" }
    if ($value -match "[\r\n]") { Stop-WrongUsage "$where has more than one line" }
    if ($given.ContainsKey($name)) { return }
    $given[$name] = $value
    $givenBy[$name] = $where
}
foreach ($name in $settings.Keys) {
    $parameter = $settings[$name][0]
    if ($PSBoundParameters.ContainsKey($parameter)) { Add-Setting $name $PSBoundParameters[$parameter] "-$parameter" }
}
foreach ($name in $settings.Keys) {
    $variable = "WGH_AZURE_$($name.ToUpperInvariant())"
    $value = [Environment]::GetEnvironmentVariable($variable)
    if ($null -ne $value) { Add-Setting $name $value "the environment variable $variable" }
}
$file = if ($SettingsFile) { $SettingsFile } else { Join-Path $here 'settings.env' }
if (Test-Path -PathType Leaf -LiteralPath $file) {
    $number = 0
    foreach ($line in Get-Content -LiteralPath $file) {
        $number++
        if ($line -match '^\s*(#.*)?$') { continue }
        $name = if ($line -cmatch '^WGH_AZURE_([A-Z_]+)=') { $Matches[1].ToLowerInvariant() } else { '' }
        if (-not $settings.Contains($name)) {
            Stop-WrongUsage "$file, line ${number}: '$line' is no setting; settings.env.example lists them"
        }
        Add-Setting $name $line.Substring($line.IndexOf('=') + 1) "WGH_AZURE_$($name.ToUpperInvariant()) ($file, line $number)"
    }
} elseif ($SettingsFile) {
    Stop-WrongUsage "the settings file $file cannot be read: Copy-Item $here/settings.env.example $file"
}

$needed = switch ($Step) {
    'down' { @('group') }
    { $_ -in 'status', 'run' } { 'group', 'registry' }
    default { 'group', 'location', 'registry' }
}
$without = @($needed | Where-Object { -not $given.ContainsKey($_) })
foreach ($name in $without) {
    [Console]::Error.WriteLine("missing: the setting $name`n   mend: Add-Content '$here/settings.env' " +
        "WGH_AZURE_$($name.ToUpperInvariant())=VALUE   # or -$($settings[$name][0]) VALUE")
}
if ($without) { Stop-WrongUsage "no value for: $($without -join ' '); nothing was changed" }
foreach ($name in $given.Keys) {
    $null, $pattern, $form = $settings[$name]
    if ($given[$name] -cnotmatch "^($pattern)`$") {
        Stop-WrongUsage "$($givenBy[$name]): '$($given[$name])' is not $form"
    }
}

function Get-Setting([string] $name, [string] $default = '') {
    if ($given.ContainsKey($name)) { $given[$name] } else { $default }
}
$Subscription = Get-Setting subscription
$Group = Get-Setting group
$Location = Get-Setting location
$Registry = Get-Setting registry
$RegistrySku = Get-Setting registry_sku 'Premium'
$Tag = Get-Setting tag 'latest'
$Machine = Get-Setting machine 'wasm-ml-h100'
$Size = Get-Setting size $plainSize
$OsDiskGb = Get-Setting os_disk_gb '128'
$Admin = Get-Setting admin 'azureuser'
$SshKey = Get-Setting ssh_key (Join-Path $HOME '.ssh' 'id_rsa.pub')
$SshFrom = Get-Setting ssh_from
$Shutdown = Get-Setting shutdown '1900'
$Driver = Get-Setting driver '580'
$Data = Get-Setting data
$imageName = 'wasm-ml'
$image = "$Registry.azurecr.io/${imageName}:$Tag"
if ($Size -ceq $confidentialSize) {
    $security = 'ConfidentialVM'
    $VmImage = Get-Setting vm_image 'Canonical:ubuntu-24_04-lts:cvm:latest'
} else {
    $security = 'TrustedLaunch'
    $VmImage = Get-Setting vm_image 'Canonical:ubuntu-24_04-lts:server:latest'
}
$mine = 'deploy.ps1'

# --- What is there ----------------------------------------------------------------------

function Test-Group { Ask @('group', 'show', '--name', $Group, '--query', '[location, tags.created_by]') }

function Test-Registry {
    Ask @('acr', 'show', '--resource-group', $Group, '--name', $Registry, '--query', '[location, sku.name]')
}

function Test-Image {
    $null = Ask @('acr', 'repository', 'list', '--name', $Registry)
    if ($imageName -cnotin $script:answers) { return $false }
    $null = Ask @('acr', 'repository', 'show-tags', '--name', $Registry, '--repository', $imageName)
    return $Tag -cin $script:answers
}

function Test-Machine {
    $query = '[hardwareProfile.vmSize, location, securityProfile.securityType, identity.principalId, tags.nvidia_driver]'
    if (-not (Ask @('vm', 'show', '--resource-group', $Group, '--name', $Machine, '--query', $query))) { return $false }
    $script:machinePrincipal = Get-Answer 3
    $script:machineDriver = Get-Answer 4
    return $true
}

function Get-Power {
    $query = "[instanceView.statuses[?starts_with(code, 'PowerState/')].code | [0]]"
    $null = Ask @('vm', 'get-instance-view', '--resource-group', $Group, '--name', $Machine, '--query', $query)
    return (Get-Answer).Replace('PowerState/', '')
}

function Test-SshRule {
    Ask @('network', 'nsg', 'rule', 'show', '--resource-group', $Group, '--nsg-name', "$Machine-nsg", '--name', 'ssh',
        '--query', '[sourceAddressPrefix]')
}

function Test-Shutdown {
    Ask @('resource', 'show', '--resource-group', $Group, '--resource-type', 'Microsoft.DevTestLab/schedules',
        '--name', "shutdown-computevm-$Machine", '--query', '[properties.dailyRecurrence.time]')
}

function Get-RegistryId {
    "/subscriptions/$($script:subscriptionId)/resourceGroups/$Group/providers/Microsoft.ContainerRegistry/registries/$Registry"
}

function Test-Role {
    $null = Ask @('role', 'assignment', 'list', '--scope', (Get-RegistryId), '--role', 'AcrPull',
        '--fill-principal-name', 'false', '--query', "[?principalId=='$($script:machinePrincipal)'].id")
    return (Get-Answer) -ne ''
}

# --- What a deployment needs ------------------------------------------------------------

function Assert-Login {
    if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
        Add-Missing "az, Azure's command line" 'winget install --exact --id Microsoft.AzureCLI'
        Stop-OnProblems
    }
    $lines = @(& az account show --query '[id, name]' --output tsv 2>$null)
    if ($LASTEXITCODE -ne 0) {
        Add-Missing 'a login to Azure' 'az login'
        Stop-OnProblems
    }
    $script:subscriptionId = "$($lines[0])"
    $name = "$($lines[1])"
    if ($Subscription -and $Subscription -cnotin $script:subscriptionId, $name) {
        Add-Missing "the subscription '$Subscription': az is in '$name' ($($script:subscriptionId))" `
            (Format-Words @('az', 'account', 'set', '--subscription', $Subscription))
        Stop-OnProblems
    }
    Say "subscription: $name ($($script:subscriptionId))"
}

function Assert-Providers {
    $null = Ask @('provider', 'list', '--query', "[?registrationState=='Registered'].namespace")
    foreach ($provider in 'Microsoft.Compute', 'Microsoft.Network', 'Microsoft.ContainerRegistry', 'Microsoft.DevTestLab') {
        if ($provider -notin $script:answers) {
            Add-Missing "the resource provider $provider in this subscription" "az provider register --namespace $provider --wait"
        }
    }
}

function Assert-RegistryName {
    $null = Ask @('acr', 'check-name', '--name', $Registry, '--query', '[nameAvailable, message]')
    if ((Get-Answer) -ne 'true') {
        Add-Missing "a free name for the registry: '$Registry' is somebody else's, or not allowed ($(Get-Answer 1))" `
            "$mine ... -Registry ANOTHER-NAME"
    }
}

function Assert-ImageSource {
    if (-not (Test-Path -PathType Leaf -LiteralPath (Join-Path $repository 'docker/Dockerfile.wasm'))) {
        Add-Missing "$repository/docker/Dockerfile.wasm, and $image is not in the registry" `
            (Format-Words @('git', '-C', $repository, 'checkout', '--', 'docker/Dockerfile.wasm'))
    }
    if ($CloudBuild) { return }
    if (-not (Get-Command docker -ErrorAction SilentlyContinue)) {
        Add-Missing 'docker, to build and push the image' `
            "$mine ... -CloudBuild   # Azure builds it; or: winget install --exact --id Docker.DockerDesktop"
        return
    }
    $null = & docker version --format '{{.Server.Version}}' 2>$null
    if ($LASTEXITCODE -ne 0) { Add-Missing "an answer of docker's daemon" 'start Docker Desktop, or: -CloudBuild' }
}

function Assert-SshKey {
    $private = $SshKey -creplace '\.pub$', ''
    if (-not (Test-Path -PathType Leaf -LiteralPath $SshKey)) {
        Add-Missing "the public SSH key $SshKey" (Format-Words @('ssh-keygen', '-t', 'rsa', '-b', '4096', '-f', $private))
    } elseif (-not (Select-String -Quiet -CaseSensitive -Pattern '^(ssh-rsa|ssh-ed25519) ' -LiteralPath $SshKey)) {
        Add-Missing "a public SSH key in $SshKey, which holds something else" `
            "$(Format-Words @('ssh-keygen', '-y', '-f', $private)) >'$private.pub'   # and: -SshKey '$private.pub'"
    }
}

function Add-NoQuota([string] $family, [long] $used, [long] $limit) {
    $scope = "/subscriptions/$($script:subscriptionId)/providers/Microsoft.Compute/locations/$Location"
    Add-Missing "quota: $Size needs $sizeVcpus vCPUs of '$family' in $Location, $used of $limit are in use" `
        ("az extension add --name quota; az quota update --resource-name $family --scope $scope " +
        "--limit-object value=$($used + $sizeVcpus) --resource-type dedicated   # or in the portal: Quotas, Compute")
}

# The family's name comes from Azure, which does not spell it in one way: -eq ignores case.
function Assert-SizeAndQuota {
    $query = "[?name=='$Size'] | [0].[family, restrictions[?type=='Location'].reasonCode | [0]]"
    $null = Ask @('vm', 'list-skus', '--location', $Location, '--resource-type', 'virtualMachines', '--size', $Size,
        '--all', '--query', $query)
    $family = Get-Answer
    $restriction = Get-Answer 1
    if (-not $family) {
        Add-Missing "the size $Size in $Location" `
            "az vm list-skus --resource-type virtualMachines --size $Size --all --query '[].locations[0]' --output tsv   # then: -Location"
        return
    }
    if ($restriction) {
        Add-Missing "the size $Size for this subscription in $Location ($restriction)" `
            "az vm list-skus --resource-type virtualMachines --size $Size --query '[].locations[0]' --output tsv   # or ask Azure's support"
        return
    }
    $null = Ask @('vm', 'list-usage', '--location', $Location, '--query', '[].[name.value, currentValue, limit]')
    $found = $false
    foreach ($line in $script:answers) {
        $name, $used, $limit = $line -split "`t"
        if ($name -ne $family -and $name -ne 'cores') { continue }
        if ($name -ne 'cores') { $found = $true }
        if ([long] $limit - [long] $used -lt $sizeVcpus) { Add-NoQuota $name $used $limit }
    }
    if (-not $found) { Add-NoQuota $family 0 0 }
}

# All of it is looked at before anything is created.
function Assert-All {
    Assert-Providers
    $thereGroup = Test-Group
    $thereImage = $false
    if ($thereGroup -and (Test-Registry)) { $thereImage = Test-Image } else { Assert-RegistryName }
    if (-not $thereImage -or $Rebuild) { Assert-ImageSource }
    if (-not $thereGroup -or -not (Test-Machine)) {
        Assert-SshKey
        Assert-SizeAndQuota
    }
    Stop-OnProblems
}

# --- The steps --------------------------------------------------------------------------

function Enter-Step([string] $name, [string] $what) {
    $script:stepName = $name
    Say "${name}: $what"
}

# An earlier step of this dry run would have made it.
function Test-Planned([string] $thing) { -not $Apply -and $script:planned.ContainsKey($thing) }

# An earlier step has made it, or would have in this dry run.
function Assert-Made([string] $thing, [scriptblock] $look) {
    if (-not $script:planned.ContainsKey($thing) -and -not (& $look)) {
        Stop-Step "there is no $thing; first: $mine $thing -Apply"
    }
}

function Invoke-GroupStep {
    Enter-Step group "$Group in $Location"
    if (Test-Group) {
        $by = Get-Answer 1
        Assert-Same "the location of $Group" (Get-Answer) $Location "$mine ... -Location $(Get-Answer)   # or another -Group"
        if ($by -cne $ownerTag) {
            Stop-Step ("$Group was not made by this program (it has no tag created_by=$ownerTag)`n" +
                "   mend: $mine ... -Group ANOTHER-NAME`n" +
                "     or: az group update --name $Group --set tags.created_by=$ownerTag   # then 'down' deletes all that is in it")
        }
        Say "  is there: $Group"
        return
    }
    Invoke-Change @('az', 'group', 'create', '--name', $Group, '--location', $Location, '--tags', "created_by=$ownerTag",
        '--output', 'none')
    $script:planned['group'] = $true
}

function Invoke-RegistryStep {
    Enter-Step registry "$Registry.azurecr.io"
    Assert-Made group { Test-Group }
    if (-not (Test-Planned group) -and (Test-Registry)) {
        $sku = Get-Answer 1
        Assert-Same "the location of $Registry" (Get-Answer) $Location "$mine ... -Location $(Get-Answer)"
        Assert-Same "the SKU of $Registry" $sku $RegistrySku `
            "az acr update --resource-group $Group --name $Registry --sku $RegistrySku"
        Say "  is there: $Registry"
        return
    }
    # No admin user: people come with their login, the machine with its identity.
    Invoke-Change @('az', 'acr', 'create', '--resource-group', $Group, '--name', $Registry, '--location', $Location,
        '--sku', $RegistrySku, '--admin-enabled', 'false', '--output', 'none')
    $script:planned['registry'] = $true
}

function Invoke-ImageStep {
    Enter-Step image $image
    Assert-Made registry { Test-Registry }
    if (-not $Rebuild -and -not (Test-Planned registry) -and (Test-Image)) {
        Say "  is there: $image (-Rebuild builds it anew)"
        return
    }
    if ($CloudBuild) {
        # The task's file is named as it lies in the folder that is sent there.
        Invoke-Change @('az', 'acr', 'run', '--resource-group', $Group, '--registry', $Registry,
            '--file', 'deploy/azure/image-task.yaml', '--set', "tag=$Tag", '--platform', 'linux/amd64',
            '--timeout', '7200', $repository)
    } else {
        # Docker Desktop builds with BuildKit by itself; an older docker needs to be told.
        $env:DOCKER_BUILDKIT = '1'
        Invoke-Change @('docker', 'build', '--platform', 'linux/amd64',
            '--file', (Join-Path $repository 'docker/Dockerfile.wasm'), '--tag', "${imageName}:$Tag", $repository)
        Invoke-Change @('az', 'acr', 'login', '--name', $Registry)
        Invoke-Change @('docker', 'tag', "${imageName}:$Tag", $image)
        Invoke-Change @('docker', 'push', $image)
    }
    $script:planned['image'] = $true
}

function New-Machine {
    $call = @('az', 'vm', 'create', '--resource-group', $Group, '--name', $Machine, '--location', $Location,
        '--size', $Size, '--image', $VmImage, '--os-disk-size-gb', $OsDiskGb, '--admin-username', $Admin,
        '--authentication-type', 'ssh', '--ssh-key-values', $SshKey, '--security-type', $security,
        '--enable-secure-boot', 'true', '--enable-vtpm', 'true')
    if ($security -ceq 'ConfidentialVM') { $call += '--os-disk-security-encryption-type', 'DiskWithVMGuestState' }
    # The public address is for the way out, without which there are no drivers and no image:
    # new networks have no other. Its security group lets nothing in.
    $call += '--public-ip-sku', 'Standard', '--nsg', "$Machine-nsg", '--nsg-rule', 'NONE',
        '--assign-identity', '[system]', '--tags', "created_by=$ownerTag", '--output', 'none'
    Invoke-Change $call
}

function Start-Machine {
    if ((Get-Power) -notin 'running', 'starting') {
        Invoke-Change @('az', 'vm', 'start', '--resource-group', $Group, '--name', $Machine, '--output', 'none')
    }
}

function Set-DailyStop {
    $call = @('az', 'vm', 'auto-shutdown', '--resource-group', $Group, '--name', $Machine)
    if (-not (Test-Planned machine) -and (Test-Shutdown)) {
        $mending = if ($Shutdown -ceq 'none') { @('--off') } else { @('--time', $Shutdown) }
        Assert-Same "the daily stop of $Machine" (Get-Answer) $Shutdown (Format-Words ($call + $mending))
        Say "  is there: a daily stop at $Shutdown UTC"
    } elseif ($Shutdown -cne 'none') {
        Invoke-Change ($call + @('--time', $Shutdown, '--output', 'none'))
    }
}

function Grant-Pull {
    $principal = $script:machinePrincipal
    if ($principal -and (Test-Role)) {
        Say "  is there: AcrPull for $Machine on $Registry"
        return
    }
    if (-not $principal) {
        $principal = "`$(az vm show --resource-group $Group --name $Machine --query identity.principalId --output tsv)"
    }
    Invoke-Change @('az', 'role', 'assignment', 'create', '--assignee-object-id', $principal,
        '--assignee-principal-type', 'ServicePrincipal', '--role', 'AcrPull', '--scope', (Get-RegistryId), '--output', 'none')
}

function Open-Ssh {
    $rule = @('--resource-group', $Group, '--nsg-name', "$Machine-nsg", '--name', 'ssh')
    if (-not (Test-Planned machine) -and (Test-SshRule)) {
        $from = Get-Answer
        if (-not $SshFrom) {
            Assert-Same "SSH to $Machine" "open to $from" 'closed' (Format-Words (@('az', 'network', 'nsg', 'rule', 'delete') + $rule))
        }
        Assert-Same "who may use SSH to $Machine" $from $SshFrom `
            (Format-Words (@('az', 'network', 'nsg', 'rule', 'update') + $rule + @('--source-address-prefixes', $SshFrom)))
        Say "  is there: SSH from $SshFrom"
    } elseif ($SshFrom) {
        Invoke-Change (@('az', 'network', 'nsg', 'rule', 'create') + $rule + @('--priority', '1000', '--direction', 'Inbound',
                '--access', 'Allow', '--protocol', 'Tcp', '--source-address-prefixes', $SshFrom,
                '--destination-port-ranges', '22', '--output', 'none'))
    }
}

function Invoke-MachineStep {
    Enter-Step machine "$Machine, $Size, $VmImage"
    Assert-Made registry { Test-Registry }
    $script:machinePrincipal = ''
    if (-not (Test-Planned group) -and (Test-Machine)) {
        $is = $script:answers
        Assert-Same "the size of $Machine" $is[0] $Size "$mine ... -Machine ANOTHER-NAME"
        Assert-Same "the location of $Machine" $is[1] $Location "$mine ... -Location $($is[1])"
        Assert-Same "the security type of $Machine" $is[2] $security "$mine ... -Machine ANOTHER-NAME"
        Say "  is there: $Machine"
        Start-Machine
    } else {
        New-Machine
        $script:planned['machine'] = $true
        if ($Apply -and -not (Test-Machine)) { Stop-Step "$Machine is not there after it was created" }
    }
    # The stop comes next: a machine that nothing stops is the dearest mistake.
    Set-DailyStop
    Grant-Pull
    Open-Ssh
}

function Invoke-DriversStep {
    Enter-Step drivers "NVIDIA's driver $Driver, docker and the container toolkit on $Machine"
    $script:machineDriver = ''
    Assert-Made machine { Test-Machine }
    if ($script:machineDriver) {
        Assert-Same "the driver on $Machine" $script:machineDriver $Driver "$mine ... -Driver $($script:machineDriver)   # or another -Machine"
        Say "  is there: driver $($script:machineDriver)"
        return
    }
    $status = Invoke-OnMachine 'drivers.sh' @($Driver, $security)
    if ($status -eq 10) {
        Say '  a newer kernel was installed, for which there are signed modules'
        Invoke-Change @('az', 'vm', 'restart', '--resource-group', $Group, '--name', $Machine, '--output', 'none')
        $status = Invoke-OnMachine 'drivers.sh' @($Driver, $security)
    }
    if ($status -ne 0) { Stop-Step "drivers.sh ended with exit code $status on $Machine" }
    # By it the next run knows, without asking the machine.
    Invoke-Change @('az', 'vm', 'update', '--resource-group', $Group, '--name', $Machine,
        '--set', "tags.nvidia_driver=$Driver", '--output', 'none')
    $script:planned['drivers'] = $true
}

function Invoke-There([string[]] $words) {
    Say "  in the container: $(Format-ShellWords $words)"
    $status = Invoke-OnMachine 'run.sh' (@($image, $Data) + $words)
    if ($status -ne 0) { $script:endedBadly += "'$(Format-ShellWords $words)' ended with exit code $status." }
}

function Invoke-RunStep {
    Enter-Step run "$image on $Machine"
    Assert-Made image { Test-Image }
    Assert-Made machine { Test-Machine }
    if (-not $script:planned.ContainsKey('drivers') -and -not $script:planned.ContainsKey('machine') -and -not $script:machineDriver) {
        Stop-Step "$Machine has no drivers yet; first: $mine drivers -Apply"
    }
    if (-not $script:planned.ContainsKey('machine')) { Start-Machine }
    # What doctor finds on one backend need not keep the demo from another: both run.
    Invoke-There @('wasmtime-gpu-host', 'doctor')
    Invoke-There $Command
    if ($script:endedBadly) { Stop-Step "on ${Machine}: $($script:endedBadly -join ' ')" }
}

function Invoke-StatusStep {
    Enter-Step status $Group
    if (-not (Test-Group)) {
        Say "  there is no group ${Group}: nothing of this costs anything"
        return
    }
    $by = Get-Answer 1
    Say "  group      $Group in $(Get-Answer), created by $(if ($by) { $by } else { 'somebody else' })"
    if (Test-Registry) {
        Say "  registry   $Registry, $(Get-Answer 1)"
        Say "  image      $(if (Test-Image) { $image } else { 'not there' })"
    } else {
        Say '  registry   not there'
    }
    if (-not (Test-Machine)) {
        Say '  machine    not there'
        return
    }
    $type = Get-Answer 2
    Say "  machine    $Machine, $(Get-Answer), $(if ($type) { $type } else { 'no security type' })"
    Say "  driver     $(if ($script:machineDriver) { $script:machineDriver } else { 'not there' })"
    $power = Get-Power
    Say "  power      $power"
    if ($power -ceq 'deallocated') { Say '             (costs only its disk and address)' }
    if ($power -ceq 'stopped') { Say "             (costs all the same: az vm deallocate --resource-group $Group --name $Machine)" }
    Say "  stops at   $(if (Test-Shutdown) { "$(Get-Answer) UTC every day" } else { 'never by itself' })"
    Say "  ssh        $(if (Test-SshRule) { "from $(Get-Answer)" } else { 'closed' })"
}

function Invoke-DownStep {
    Enter-Step down "deletes the group $Group and all that is in it"
    if (-not (Test-Group)) {
        Say "  there is no group $Group"
        return
    }
    if ((Get-Answer 1) -cne $ownerTag) {
        Stop-Step ("$Group was not made by this program (it has no tag created_by=$ownerTag), and is left alone`n" +
            "   mend: az group delete --name $Group   # if all that is in it shall go")
    }
    $null = Ask @('resource', 'list', '--resource-group', $Group, '--query', '[].[type, name]')
    foreach ($resource in $script:answers) { Say "    $($resource -replace "`t", ' ')" }
    if ($Apply -and $Yes -cne $Group) {
        Stop-WrongUsage "'down' deletes for good: confirm with the group's name: $mine down -Apply -Yes $Group"
    }
    Invoke-Change @('az', 'group', 'delete', '--name', $Group, '--yes', '--output', 'none')
}

# --- And now ----------------------------------------------------------------------------

Say 'note: this script has not been run by its authors, who have no PowerShell; read what it prints before -Apply'
if ($Command -match "[\r\n]") { Stop-WrongUsage '-Command has more than one line' }
Assert-Login
if ($Step -in 'check', 'group', 'registry', 'image', 'machine', 'all') { Assert-All }
if (-not $Apply -and $Step -notin 'check', 'status') { Say 'dry run: nothing is changed; -Apply does what is printed here' }
switch ($Step) {
    'check' { Say 'nothing is missing' }
    'group' { Invoke-GroupStep }
    'registry' { Invoke-RegistryStep }
    'image' { Invoke-ImageStep }
    'machine' { Invoke-MachineStep }
    'drivers' { Invoke-DriversStep }
    'run' { Invoke-RunStep }
    'status' { Invoke-StatusStep }
    'down' { Invoke-DownStep }
    'all' {
        Invoke-GroupStep
        Invoke-RegistryStep
        Invoke-ImageStep
        Invoke-MachineStep
        Invoke-DriversStep
        Invoke-RunStep
    }
}
if ($Step -in 'machine', 'drivers', 'run', 'all') {
    Say "The machine costs until it is deallocated: az vm deallocate --resource-group $Group --name $Machine"
}
exit 0
