// Holds the host functions against wit/, as wasm-tools reads it.
#include "abi/contract.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fake_guest.hpp"

namespace gpu_host::abi {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxFlatParameters = 16;

// One package, as `wasm-tools component wit --json` reads it.
class Wit {
 public:
  using Signatures = std::map<std::string, std::vector<CoreType>>;

  explicit Wit(const std::string& path) : wit_(Json::parse(std::ifstream(path))) {}

  // By import: the module, the name.
  [[nodiscard]] Signatures signatures() const {
    const std::string package = wit_["packages"].at(0)["name"];
    const auto at = package.find('@');
    Signatures all;
    for (const Json& interface : wit_["interfaces"]) {
      const std::string name = interface["name"];
      const std::string module = package.substr(0, at) + "/" + name + package.substr(at) + " ";
      for (const auto& [function, signature] : interface["functions"].items()) {
        all[module + function] = flat_signature(signature);
      }
      for (const auto& [type, index] : interface["types"].items()) {
        if (kind_of(index) == "resource") all[module + "[resource-drop]" + type] = {CoreType::i32};
      }
    }
    return all;
  }

 private:
  [[nodiscard]] const Json& kind_of(const Json& type) const {
    return wit_["types"].at(type.get<std::size_t>())["kind"];
  }

  [[nodiscard]] std::vector<CoreType> flat_signature(const Json& function) const {
    std::vector<CoreType> flat;
    for (const Json& parameter : function["params"]) flatten(parameter["type"], flat);
    if (flat.size() > kMaxFlatParameters) flat = {CoreType::i32};
    // Every result of the contract is larger than one core value: a pointer.
    if (function.contains("result") && !function["result"].is_null()) flat.push_back(CoreType::i32);
    return flat;
  }

  // How the canonical ABI flattens a type of the contract.
  void flatten(const Json& type, std::vector<CoreType>& flat) const {
    if (type.is_string()) {
      static const std::map<std::string, CoreType> kPrimitives{
          {"u8", CoreType::i32},  {"u32", CoreType::i32}, {"bool", CoreType::i32}, {"u64", CoreType::i64},
          {"s64", CoreType::i64}, {"f32", CoreType::f32}, {"f64", CoreType::f64}};
      flat.push_back(kPrimitives.at(type.get<std::string>()));
      return;
    }
    const Json& kind = kind_of(type);
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
      ASSERT_TRUE(kind.contains("enum") || kind.contains("flags") || kind.contains("handle")) << kind;
      flat.push_back(CoreType::i32);
    }
  }

  Json wit_;
};

Wit::Signatures of_wit() {
  Wit::Signatures all = Wit(WGH_WIT_0_1_JSON).signatures();
  all.merge(Wit(WGH_WIT_0_2_JSON).signatures());
  return all;
}

Wit::Signatures of_host() {
  Wit::Signatures signatures;
  for (const ContractFunction& function : contract_functions()) {
    signatures[std::string(function.interface) + " " + std::string(function.name)] = {function.parameters.begin(),
                                                                                      function.parameters.end()};
  }
  return signatures;
}

TEST(Contract, IsServedWholeAndWithTheTypesOfTheWit) { EXPECT_EQ(of_host(), of_wit()); }

// 14 of buffers and kernels in both versions; 23 and the drops of 3 resources.
TEST(Contract, HasEachFunctionOnce) { EXPECT_EQ(contract_functions().size(), 14U + 14U + 23U + 3U); }

TEST(Contract, OnlyTheFirstVersionMayBeLegacy) {
  for (const ContractFunction& function : contract_functions()) {
    EXPECT_EQ(function.may_be_legacy, function.interface.ends_with("@0.1.0")) << function.interface;
  }
}

TEST(Contract, ToDropWhatIsNotLiveTraps) {
  Session session([]() -> Result<std::shared_ptr<Device>> { return error(ErrorKind::device, "none"); }, Limits{});
  test::FakeGuest guest(0);
  std::vector<std::string> traps;
  for (const ContractFunction& function : contract_functions()) {
    if (!function.name.starts_with("[resource-drop]")) continue;
    Call call(guest, Encoding::canonical, function.name);
    EXPECT_FALSE(function.invoke(session, call, std::vector{FlatValue{.i32 = 7}}));
    if (call.trap()) traps.push_back(call.trap()->message);
  }
  EXPECT_THAT(
      traps, testing::ElementsAre("7 is not a live data-set of this instance",
                                  "7 is not a live growth of this instance", "7 is not a live model of this instance"));
}

}  // namespace
}  // namespace gpu_host::abi
