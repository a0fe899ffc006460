#include "options.hpp"

namespace wasm_ml {

std::string_view usage() {
  return R"(wasm_ml: random forests for regression and classification, on the host's device
through wasi:gpu

usage:
  wasm_ml train    --data FILE --model FILE [--target COLUMN] [--task TASK]
                   [--json] [FOREST OPTIONS]
  wasm_ml predict  --model FILE --data FILE [--output FILE] [--probabilities]
  wasm_ml evaluate --model FILE --data FILE [--json]
  wasm_ml bench    [--train FILE] [--test FILE] [--target COLUMN] [--task TASK]
                   [FOREST OPTIONS]
  wasm_ml info     --model FILE [--json]
  wasm_ml import   --treelite FILE --model FILE [--features NAME,…]
                   [--classes NAME,…] [--target NAME]
  wasm_ml export   --model FILE --treelite FILE
  wasm_ml help | --help | --version

for example:
  wasm_ml train --data houses.csv --target price --model houses.model --oob-score
  wasm_ml predict --model houses.model --data new.csv --output prices.csv

train     learns from a table: all columns but the target are features
predict   writes one prediction a row, to standard output unless a file is named:
          CSV, or where its name ends in .npy an array of f32 (of a classification
          the probabilities of the classes). Features are found by name
evaluate  compares predictions with the table's target column
bench     trains and predicts (diabetes_train.csv and diabetes_test.csv in the
          working folder unless named), prints a table and, last, a line of JSON
info      tells what is in a model file
import    makes a model file of a forest of scikit-learn, XGBoost, LightGBM or cuML
          that Treelite 4 wrote (Model.serialize); features and classes are named
          0, 1, … unless names are given
export    writes a forest for Treelite (Model.deserialize)

tables:
  FILE.npy is a NumPy array of one or two dimensions (columns are named 0, 1, …; the
  target may be a second .npy); everything else is CSV with a header. Blank fields
  and NA, NaN, nan are missing values. A column with other texts is one of
  categories; what was not seen in training counts as missing. The target is the
  last column unless named: texts make a classification, numbers a regression;
  --task classification takes whole numbers for classes

forest options:
  --trees N               trees (200)
  --max-depth N           edges from a tree's root to a leaf, at most; 0 or none:
                          any number (16)
  --max-features N        features tried at each node: a number, all, third or
                          sqrt (all; of a classification sqrt)
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
