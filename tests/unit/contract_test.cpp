// Holds the host functions against wit/, as wasm-tools reads it.
#include "abi/contract.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace gpu_host::abi {
namespace {

using Json = nlohmann::json;

// `wasm-tools component wit --json wit/`
const Json& wit() {
  static const Json parsed = Json::parse(std::ifstream(WGH_WIT_JSON));
  return parsed;
}

// How the canonical ABI flattens a type of the contract.
void flatten(const Json& type, std::vector<CoreType>& flat) {
  if (type.is_string()) {
    static const std::map<std::string, CoreType> kPrimitives{{"u8", CoreType::i32},
                                                             {"u32", CoreType::i32},
                                                             {"bool", CoreType::i32},
                                                             {"u64", CoreType::i64},
                                                             {"f32", CoreType::f32}};
    flat.push_back(kPrimitives.at(type.get<std::string>()));
    return;
  }
  const Json& kind = wit()["types"].at(type.get<std::size_t>())["kind"];
  if (kind.contains("type")) {
    flatten(kind["type"], flat);
  } else if (kind.contains("record")) {
    for (const Json& field : kind["record"]["fields"]) flatten(field["type"], flat);
  } else if (kind.contains("option")) {
    flat.push_back(CoreType::i32);
    flatten(kind["option"], flat);
  } else if (kind.contains("list")) {
    flat.insert(flat.end(), 2, CoreType::i32);
  } else {
    ASSERT_TRUE(kind.contains("enum") || kind.contains("flags")) << kind;
    flat.push_back(CoreType::i32);
  }
}

using Signatures = std::map<std::string, std::vector<CoreType>>;

Signatures of_wit() {
  const std::string package = wit()["packages"].at(0)["name"];
  const auto at = package.find('@');
  Signatures signatures;
  for (const Json& interface : wit()["interfaces"]) {
    const std::string module = package.substr(0, at) + "/" + interface["name"].get<std::string>() + package.substr(at);
    for (const auto& [name, function] : interface["functions"].items()) {
      std::vector<CoreType> flat;
      for (const Json& parameter : function["params"]) flatten(parameter["type"], flat);
      // Every result of the contract is larger than one core value: a pointer.
      if (function.contains("result") && !function["result"].is_null()) flat.push_back(CoreType::i32);
      signatures[module + " " + name] = flat;
    }
  }
  return signatures;
}

Signatures of_host() {
  Signatures signatures;
  for (const ContractFunction& function : contract_functions()) {
    signatures[std::string(function.interface) + " " + std::string(function.name)] = {function.parameters.begin(),
                                                                                      function.parameters.end()};
  }
  return signatures;
}

TEST(Contract, IsServedWholeAndWithTheTypesOfTheWit) { EXPECT_EQ(of_host(), of_wit()); }

TEST(Contract, HasFourteenFunctions) { EXPECT_EQ(contract_functions().size(), 14U); }

}  // namespace
}  // namespace gpu_host::abi
