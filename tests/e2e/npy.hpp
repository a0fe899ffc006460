// Arrays in NumPy's files.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace gpu_host::e2e {

// `descr` and `shape` as NumPy writes them: "<f4", "(3, 2)".
[[nodiscard]] inline std::string npy_file(const std::string& descr, const std::string& shape, std::string_view elements,
                                          const std::string& fortran_order = "False") {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': " + fortran_order + ", 'shape': " + shape + ", }";
  header.resize((header.size() + 10 + 64) / 64 * 64 - 11, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xFFU);
  file += static_cast<char>(header.size() >> 8U);
  return file.append(header).append(elements);
}

template <class T>
[[nodiscard]] std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

struct FloatArray {
  std::string header;
  std::vector<float> values;
};

// Of 32-bit floats, version 1.0.
[[nodiscard]] inline FloatArray read_floats(std::string_view file) {
  FloatArray array;
  const std::size_t start = 10 + (file.size() < 10 ? 0
                                                   : static_cast<unsigned char>(file[8]) +
                                                         std::size_t{256} * static_cast<unsigned char>(file[9]));
  EXPECT_TRUE(file.starts_with(std::string_view("\x93NUMPY\x01\x00", 8)));
  if (file.size() < start) {
    ADD_FAILURE() << "no .npy file";
    return array;
  }
  array.header = file.substr(10, start - 10);
  array.values.resize((file.size() - start) / sizeof(float));
  std::memcpy(array.values.data(), file.data() + start, array.values.size() * sizeof(float));
  return array;
}

}  // namespace gpu_host::e2e
