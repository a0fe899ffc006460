// Real modules from several tool chains. Each checks itself and says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

void expect_ok(const Outcome& outcome, const std::string& says) {
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr(says + " guest: ok\n"));
  EXPECT_EQ(outcome.err, "");
}

TEST(Guests, WitBindgenC) { expect_ok(run_program({guest("wit_bindgen_c")}), "wit-bindgen c"); }

TEST(Guests, Rust) { expect_ok(run_program({guest("rust")}), "rust"); }

TEST(Guests, LegacyC) { expect_ok(run_program({"-G", "abi=legacy", guest("legacy_c")}), "legacy c"); }

TEST(Guests, ExtraTrees) { expect_ok(run_program({"--backend", "cpu", guest("extra_trees")}), "extra trees"); }

TEST(Guests, StaticObjectsLiveOnce) {
  const Outcome outcome = run_program({guest("static_objects")});
  expect_ok(outcome, "static objects");
  EXPECT_EQ(outcome.out, "constructed\nconstructed\nstatic objects guest: ok\ndestroyed\ndestroyed\n");
}

}  // namespace
}  // namespace gpu_host::e2e
