# Builds the random forest module, wasm_ml.wasm. Thin over CMake; does what
# build_wasm.sh does. Reviewed, not run: no PowerShell was at hand where it was
# written.
#
#   .\build_wasm.ps1 [-Release] [-Test]
#
#   -Release   optimized and stripped, into build/release; else into build/wasm-debug
#   -Test      also builds and runs the module's tests, natively
#
# WASI_SDK_PATH (environment) names the wasi-sdk to use.
param(
    [switch]$Release,
    [switch]$Test
)

$ErrorActionPreference = 'Stop'
Set-Location -Path $PSScriptRoot

$preset = if ($Release) { 'release' } else { 'dev' }
$type = if ($Release) { 'Release' } else { 'Debug' }
$build = if ($Release) { 'build/release' } else { 'build/wasm-debug' }
# CMake wants forward slashes.
$root = $PSScriptRoot -replace '\\', '/'

# Native programs do not throw: their exit code has to be looked at.
function Invoke-Checked {
    param([string]$Program, [string[]]$Arguments)
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) {
        throw "$Program failed with exit code $LASTEXITCODE"
    }
}

# Ninja, because the generators of Visual Studio cannot cross-compile with clang.
Invoke-Checked cmake @(
    '-S', 'guest', '-B', "$build/build_wasm", '-G', 'Ninja',
    '--toolchain', "$root/cmake/wasm32-wasi.cmake",
    "-DCMAKE_BUILD_TYPE=$type", "-DWASM_ML_OUTPUT_DIR=$root/$build"
)
Invoke-Checked cmake @('--build', "$build/build_wasm", '--parallel', '--target', 'wasm_ml')

if ($Test) {
    Invoke-Checked cmake @('--preset', $preset)
    Invoke-Checked cmake @('--build', "build/$preset", '--parallel', '--target', 'wasm_ml_test')
    Invoke-Checked ctest @('--test-dir', "build/$preset", '--output-on-failure', '--label-regex', '^wasm_ml$')
}

$module = Get-Item "$build/wasm_ml.wasm"
Write-Output "$build/wasm_ml.wasm: $($module.Length) bytes"
