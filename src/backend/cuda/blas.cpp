#include "backend/cuda/blas.hpp"

#include <dlfcn.h>

#include <string>
#include <utility>
#include <vector>

#include "backend/cuda/libraries.hpp"
#include "backend/cuda/library_failure.hpp"
#include "backend/cuda/queue.hpp"
#include "util/log.hpp"

namespace gpu_host::cuda {
namespace {

// What NVIDIA recommends for Hopper.
constexpr std::size_t kWorkspaceSize = std::size_t{32} << 20U;

// Of cublas_api.h and library_types.h. Enumerations are passed as the C ABI passes them, as int.
constexpr int kSuccess = 0;
constexpr int kNotInitialized = 1;
constexpr int kAllocFailed = 3;
constexpr int kArchMismatch = 8;
constexpr int kNoTrans = 0;
constexpr int kTrans = 1;
constexpr int kFloat = 0;              // CUDA_R_32F
constexpr int kComputeF32 = 68;        // CUBLAS_COMPUTE_32F
constexpr int kComputeTf32 = 77;       // CUBLAS_COMPUTE_32F_FAST_TF32
constexpr int kDefaultAlgorithm = -1;  // CUBLAS_GEMM_DEFAULT

struct BlasApi {
  int (*create)(void** handle) = nullptr;
  int (*destroy)(void* handle) = nullptr;
  int (*set_stream)(void* handle, CUstream stream) = nullptr;
  int (*set_workspace)(void* handle, void* workspace, std::size_t size) = nullptr;
  int (*get_version)(void* handle, int* version) = nullptr;
  const char* (*get_status_name)(int status) = nullptr;
  int (*gemm)(void* handle, int trans_a, int trans_b, int m, int n, int k, const void* alpha, const void* a, int a_type,
              int lda, const void* b, int b_type, int ldb, const void* beta, void* c, int c_type, int ldc,
              int compute_type, int algorithm) = nullptr;
};

Result<BlasApi> find_blas() {
  std::vector<const char*> names{"libcublas.so.12"};
  int version = 0;
  // An older driver has it fail at its first use.
  if (driver().DriverGetVersion(&version) == CUDA_SUCCESS && version >= 13000) names.push_back("libcublas.so.13");
  const auto library = open_library(names, "cublas");
  if (!library) {
    return error(library.error().kind, library.error().message +
                                           "; for matmul install cuBLAS: pip install nvidia-cublas-cu12, or NVIDIA's "
                                           "CUDA toolkit");
  }
  BlasApi api;
  std::string missing;
  const auto look_up = [&]<class Function>(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(*library, name));
    if (function == nullptr && missing.empty()) missing = name;
  };
  look_up(api.create, "cublasCreate_v2");
  look_up(api.destroy, "cublasDestroy_v2");
  look_up(api.set_stream, "cublasSetStream_v2");
  look_up(api.set_workspace, "cublasSetWorkspace_v2");
  look_up(api.get_version, "cublasGetVersion_v2");
  look_up(api.get_status_name, "cublasGetStatusName");
  look_up(api.gemm, "cublasGemmEx");
  if (!missing.empty()) return error(ErrorKind::device, "cuBLAS has no function " + missing);
  return api;
}

const Result<BlasApi>& found_blas() {
  // Left open at exit, as the driver is.
  static const auto* const api = new Result<BlasApi>(find_blas());
  return *api;
}

const BlasApi& blas_api() { return *found_blas(); }

GpuErrorCode code_of(int status) {
  switch (status) {
    case kNotInitialized:  // what it says where it finds no memory to start
    case kAllocFailed:
      return GpuErrorCode::out_of_memory;
    case kArchMismatch:  // older than the device
      return GpuErrorCode::device_unavailable;
    default:
      return GpuErrorCode::kernel_error;
  }
}

GpuResult<void> check(int status, const char* what) {
  if (status == kSuccess) return {};
  return gpu_error(code_of(status), std::string(what) + ": " + blas_api().get_status_name(status));
}

// The address as a parameter, which only the device may follow.
void* pointer(CUdeviceptr address) { return reinterpret_cast<void*>(address); }  // NOLINT(performance-no-int-to-ptr)

}  // namespace

GpuResult<void> open_blas() {
  if (const auto& api = found_blas(); !api) return gpu_error(GpuErrorCode::device_unavailable, api.error().message);
  return {};
}

GpuResult<std::unique_ptr<Blas>> Blas::create(Queue& queue) {
  if (auto opened = open_blas(); !opened) {
    logger().warn("cuda: no matmul: {}", opened.error().message);
    return std::unexpected(std::move(opened.error()));
  }
  auto workspace = queue.allocate(kWorkspaceSize);
  if (!workspace) return std::unexpected(std::move(workspace.error()));
  const CUdeviceptr address = workspace->address();

  void* handle = nullptr;
  int status = blas_api().create(&handle);
  if (status != kSuccess) {
    // It takes its memory from outside the pool.
    if (auto released = queue.release_unused(); !released) return std::unexpected(std::move(released.error()));
    status = blas_api().create(&handle);
  }
  if (auto created = check(status, "cublasCreate"); !created) {
    return library_failure(queue, std::move(created.error()));
  }
  std::unique_ptr<Blas> blas(new Blas(handle, *std::move(workspace)));
  if (auto set = check(blas_api().set_stream(handle, queue.stream()), "cublasSetStream"); !set) {
    return library_failure(queue, std::move(set.error()));
  }
  // After the stream, with which the library's own workspace is set.
  if (auto set = check(blas_api().set_workspace(handle, pointer(address), kWorkspaceSize), "cublasSetWorkspace");
      !set) {
    return library_failure(queue, std::move(set.error()));
  }
  int version = 0;
  (void)blas_api().get_version(handle, &version);
  logger().debug("cuda: cuBLAS {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
  return blas;
}

Blas::Blas(void* handle, DeviceMemory workspace) : handle_(handle), workspace_(std::move(workspace)) {}

Blas::~Blas() { (void)blas_api().destroy(handle_); }

GpuResult<void> Blas::gemm(const Gemm& gemm) {
  const int status = blas_api().gemm(handle_, gemm.trans_a ? kTrans : kNoTrans, gemm.trans_b ? kTrans : kNoTrans,
                                     gemm.m, gemm.n, gemm.k, &gemm.alpha, pointer(gemm.a), kFloat, gemm.lda,
                                     pointer(gemm.b), kFloat, gemm.ldb, &gemm.beta, pointer(gemm.c), kFloat, gemm.ldc,
                                     gemm.tf32 ? kComputeTf32 : kComputeF32, kDefaultAlgorithm);
  return check(status, "cublasGemmEx");
}

}  // namespace gpu_host::cuda
