// What the fuzzer knows of the contract's functions: what each flat parameter is
// for, so that it can give arguments that make sense.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gpu_host::fuzz {

enum class Role : char {
  input = 'i',   // a buffer that is read
  output = 'w',  // a buffer that is written
  option = 'd',  // whether the input after it counts
  offset = 'o',
  length = 'n',
  size = 'z',
  usage = 'u',
  pointer = 'p',
  count = 'c',
  seed = 's',
  flag = 't',
  op = 'e',
  number = 'f',
  result = 'r',
};

struct Function {
  std::string_view name;
  std::string_view roles;     // a Role for each flat parameter
  std::uint32_t result_size;  // canonical; 0: none
  std::uint32_t legacy_size;
  std::uint32_t result_align;
};

enum FunctionIndex : std::size_t {
  get_device_info,
  buffer_create,
  buffer_write,
  buffer_read,
  buffer_copy,
  buffer_destroy,
  sync,
  kernel_bootstrap_sample,
  kernel_find_split,
  kernel_average,
  kernel_matmul,
  kernel_elementwise,
  kernel_reduce,
  kernel_batch_predict,
};

inline constexpr std::size_t kMaxParameters = 11;

// The first of abi::contract_functions(), in their order: wasi:gpu 0.1.0.
inline constexpr std::array kFunctions{
    Function{"get-device-info", "r", 40, 40, 8},
    Function{"buffer-create", "zur", 16, 8, 4},
    Function{"buffer-write", "wopnr", 16, 8, 4},
    Function{"buffer-read", "ionr", 16, 12, 4},
    Function{"buffer-copy", "iowonr", 16, 8, 4},
    Function{"buffer-destroy", "ir", 16, 8, 4},
    Function{"sync", "", 0, 0, 1},
    Function{"kernel-bootstrap-sample", "cscwr", 16, 8, 4},
    Function{"kernel-find-split", "cccciiiiwr", 16, 8, 4},
    Function{"kernel-average", "cciwr", 16, 8, 4},
    Function{"kernel-matmul", "cccttffiiwr", 16, 8, 4},
    Function{"kernel-elementwise", "ceidiwr", 16, 8, 4},
    Function{"kernel-reduce", "ceiwr", 16, 8, 4},
    Function{"kernel-batch-predict", "cccciiiwr", 16, 8, 4},
};

}  // namespace gpu_host::fuzz
