# The module's sources but main.cpp, for the module and for its native tests. One
# without wasi:gpu/forest leaves engine_training.cpp out.
set(WASM_ML_SOURCES
  bench_command.cpp
  bench_report.cpp
  csv.cpp
  csv_record.cpp
  dataset.cpp
  engine_training.cpp
  files.cpp
  forest.cpp
  info_command.cpp
  kernel_training.cpp
  metrics.cpp
  model_file.cpp
  number.cpp
  option_table.cpp
  options.cpp
  predict_command.cpp
  predictor.cpp
  progress.cpp
  split_candidates.cpp
  split_search.cpp
  text.cpp
  train_command.cpp
  training.cpp
  training_progress.cpp
  tree_grower.cpp
  usage.cpp)
list(TRANSFORM WASM_ML_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
