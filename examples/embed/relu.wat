;; A guest of the embedding example: relu(input, output, n) on buffers of the caller.
(module
  ;; n-elements, op, input-a, input-b: option (discriminant, id), output, result pointer
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-elementwise"
    (func $elementwise (param i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "_start"))  ;; run as a command it does nothing
  ;; 0, or 1 where the kernel returned an error.
  (func (export "relu") (param $input i32) (param $output i32) (param $n i32) (result i32)
    (call $elementwise (local.get $n) (i32.const 0) (local.get $input) (i32.const 0) (i32.const 0)
      (local.get $output) (i32.const 16))
    (i32.load (i32.const 16))))
