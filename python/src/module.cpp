// The extension module wasm_ml._core.
#include <nanobind/nanobind.h>

#include "bindings.hpp"
#include "failure.hpp"

namespace gpu_host_python {
namespace {

nb::object exception_of(FailureKind kind) {
  const auto ours = [](const char* name) { return nb::module_::import_("wasm_ml.errors").attr(name); };
  switch (kind) {
    case FailureKind::value:
      return nb::borrow(PyExc_ValueError);
    case FailureKind::type:
      return nb::borrow(PyExc_TypeError);
    case FailureKind::not_found:
      return nb::borrow(PyExc_FileNotFoundError);
    case FailureKind::memory:
      return nb::borrow(PyExc_MemoryError);
    case FailureKind::timeout:
      return nb::borrow(PyExc_TimeoutError);
    case FailureKind::device:
      return ours("DeviceError");
    case FailureKind::trap:
      return ours("TrapError");
    case FailureKind::limit:
      return ours("LimitError");
    case FailureKind::other:
      break;
  }
  return ours("Error");
}

void translate(const std::exception_ptr& thrown, void* /*payload*/) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Failure& failure) {
    const nb::object type = exception_of(failure.kind());
    PyErr_SetString(type.ptr(), failure.what());
  }
}

}  // namespace
}  // namespace gpu_host_python

NB_MODULE(_core, module) {
  nanobind::register_exception_translator(&gpu_host_python::translate);
  gpu_host_python::bind_host(module);
  gpu_host_python::bind_forest(module);
}
