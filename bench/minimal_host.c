/* minimal_host CACHE-CONFIG MODULE: the least that a program with Wasmtime's C API
 * does to run a WASI command: an engine with the cache, a linker with WASI, _start. */
#include <stdio.h>
#include <stdlib.h>
#include <wasi.h>
#include <wasmtime.h>

static void check(const char* what, const wasmtime_error_t* error, const wasm_trap_t* trap) {
  if (error == NULL && trap == NULL) return;
  fprintf(stderr, "minimal_host: %s failed\n", what);
  exit(1);
}

static void read_file(const char* path, wasm_byte_vec_t* bytes) {
  FILE* file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) check(path, NULL, (const wasm_trap_t*)path);
  wasm_byte_vec_new_uninitialized(bytes, (size_t)ftell(file));
  rewind(file);
  if (fread(bytes->data, 1, bytes->size, file) != bytes->size) check(path, NULL, (const wasm_trap_t*)path);
  fclose(file);
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  wasm_config_t* config = wasm_config_new();
  check("the cache", wasmtime_config_cache_config_load(config, argv[1]), NULL);
  wasm_engine_t* engine = wasm_engine_new_with_config(config);

  wasm_byte_vec_t code;
  read_file(argv[2], &code);
  wasmtime_module_t* module = NULL;
  check("compiling", wasmtime_module_new(engine, (const uint8_t*)code.data, code.size, &module), NULL);
  wasm_byte_vec_delete(&code);

  wasmtime_store_t* store = wasmtime_store_new(engine, NULL, NULL);
  wasmtime_context_t* context = wasmtime_store_context(store);
  wasi_config_t* wasi = wasi_config_new();
  const char* const arguments[] = {argv[2]};
  wasi_config_set_argv(wasi, 1, (const char**)arguments);
  wasi_config_inherit_stdin(wasi);
  wasi_config_inherit_stdout(wasi);
  wasi_config_inherit_stderr(wasi);
  check("WASI", wasmtime_context_set_wasi(context, wasi), NULL);

  wasmtime_linker_t* linker = wasmtime_linker_new(engine);
  check("WASI", wasmtime_linker_define_wasi(linker), NULL);
  wasmtime_instance_t instance;
  wasm_trap_t* trap = NULL;
  wasmtime_error_t* error = wasmtime_linker_instantiate(linker, context, module, &instance, &trap);
  check("instantiating", error, trap);
  wasmtime_extern_t start;
  if (!wasmtime_instance_export_get(context, &instance, "_start", 6, &start)) return 1;
  error = wasmtime_func_call(context, &start.of.func, NULL, 0, NULL, 0, &trap);
  check("_start", error, trap);

  wasmtime_linker_delete(linker);
  wasmtime_store_delete(store);
  wasmtime_module_delete(module);
  wasm_engine_delete(engine);
  return 0;
}
