# The module's sources but main.cpp, for the module and for its native tests.

# Those that call the host, and differ by the version of wasi:gpu. A module without
# wasi:gpu/forest leaves engine_… out.
set(WASM_ML_HOST_SOURCES
  bench_command.cpp
  engine_embedding_models.cpp
  engine_embedding_prediction.cpp
  engine_embedding_state.cpp
  engine_embedding_training.cpp
  engine_exchange.cpp
  engine_predictor.cpp
  engine_training.cpp
  evaluate_command.cpp
  exchange_commands.cpp
  info_command.cpp
  kernel_predictor.cpp
  kernel_training.cpp
  model_file.cpp
  predict_command.cpp
  predictions.cpp
  predictor.cpp
  split_search.cpp
  train_command.cpp
  training.cpp
  tree_grower.cpp)
list(TRANSFORM WASM_ML_HOST_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)

# The others.
set(WASM_ML_SOURCES
  bench_report.cpp
  byte_source.cpp
  categories.cpp
  categories_order.cpp
  csv.cpp
  csv_reader.cpp
  dataset.cpp
  dataset_classes.cpp
  dataset_common.cpp
  dataset_csv.cpp
  dataset_npy.cpp
  files.cpp
  forest.cpp
  json.cpp
  metrics.cpp
  model_file_v1.cpp
  model_info_bytes.cpp
  model_json.cpp
  npy.cpp
  npy_header.cpp
  number.cpp
  option_table.cpp
  options.cpp
  packed_trees.cpp
  portable_forest.cpp
  postprocess.cpp
  progress.cpp
  split_candidates.cpp
  table_error.cpp
  text.cpp
  training_progress.cpp
  treelite_fields.cpp
  treelite_read.cpp
  treelite_write.cpp
  usage.cpp)
list(TRANSFORM WASM_ML_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
