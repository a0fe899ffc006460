#include "options.hpp"

namespace wasm_ml {

std::string_view usage() {
  return R"(wasm_ml: a random forest for regression, on the host's device through wasi:gpu

usage:
  wasm_ml train   --data FILE.csv --model FILE [--target COLUMN] [FOREST OPTIONS]
  wasm_ml predict --model FILE --data FILE.csv [--output FILE.csv]
  wasm_ml bench   [--train FILE.csv] [--test FILE.csv] [--target COLUMN] [FOREST OPTIONS]
  wasm_ml info    --model FILE
  wasm_ml help | --help | --version

train    learns from a CSV file with a header: all columns but the target are
         features (target: the last column unless named)
predict  finds the model's features by name and writes one prediction a row, to
         standard output unless a file is named
bench    trains and predicts (diabetes_train.csv and diabetes_test.csv in the
         working folder unless named), prints a table and, last, a line of JSON
info     tells what is in a model file

forest options:
  --trees N               trees (200)
  --max-depth N           edges from a tree's root to a leaf, at most; 0 or none:
                          any number (16)
  --max-features N        features tried at each node: a number, all, third or
                          sqrt (all)
  --min-samples-leaf N    different rows in a leaf, at least (1)
  --min-samples-split N   different rows in a node that is split, at least (2)
  --seed N                of the random numbers (42)

forest options where the device grows forests itself (wasi:gpu/forest); else they
are refused:
  --min-impurity-decrease X   of the mean squared error, weighted by the node's
                          share of the rows, that a split must reach (0)
  --max-samples N         rows that each tree draws, with replacement: a number, or
                          a share of the rows such as 0.5 (as many as there are)
  --no-bootstrap          each tree sees all rows, once
  --max-bins N            ranges of a feature's values, 2 to 255, by which large
                          nodes are split (255)
  --oob-score             tells how well the trees predict rows that they did not
                          draw
)";
}

}  // namespace wasm_ml
