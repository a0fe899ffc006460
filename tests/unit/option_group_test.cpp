#include "cli/option_group.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli.hpp"

namespace gpu_host::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Group : public testing::Test {
 protected:
  std::string wrong(const std::vector<std::string>& values) {
    const auto printed = group_.apply(values);
    if (!printed) return "nothing wrong";
    EXPECT_EQ(printed->exit_code, kUsageError);
    return printed->text;
  }

  std::vector<std::string> sizes_;
  std::vector<bool> flags_;
  OptionGroup group_{"-X",
                     "Some options",
                     {{"size", "SIZE", "how much",
                       [this](const std::string& value) {
                         sizes_.push_back(value);
                         return value != "bad";
                       }},
                      flag("flag", "on or off", [this](bool on) { flags_.push_back(on); })}};
};

TEST_F(Group, AppliesInTheGivenOrder) {
  EXPECT_FALSE(group_.apply({"size=1,flag,size=a=b", "flag=n", "size=", "size,flag=y"}));
  EXPECT_THAT(sizes_, ElementsAre("1", "a=b", "", ""));
  EXPECT_THAT(flags_, ElementsAre(true, false, true));
}

TEST_F(Group, FlagsAreYesOrNo) {
  EXPECT_FALSE(group_.apply({"flag=y,flag=yes,flag=true,flag=n,flag=no,flag=false"}));
  EXPECT_THAT(flags_, ElementsAre(true, true, true, false, false, false));
  for (const char* value : {"flag=maybe", "flag=1", "flag=Y"}) EXPECT_THAT(wrong({value}), HasSubstr("flag[=y|n]"));
}

TEST_F(Group, AnUnknownKeyListsTheKnown) {
  for (const char* key : {"nosuch", "nosuch=1", "", "flag,", "Flag", "flag =y", "help=y"}) {
    EXPECT_THAT(wrong({key}), AllOf(HasSubstr("-X"), HasSubstr("size=SIZE"), HasSubstr("flag[=y|n]"))) << key;
  }
  EXPECT_THAT(wrong({"nosuch=1"}), HasSubstr("'nosuch'"));
}

TEST_F(Group, AWrongValueTellsWhatIsAllowed) {
  EXPECT_THAT(wrong({"flag", "size=bad"}),
              AllOf(HasSubstr("-X size"), HasSubstr("'bad'"), HasSubstr("how much"), HasSubstr("K, M or G")));
}

TEST_F(Group, HelpIsNoError) {
  const auto printed = group_.apply({"size=1,help", "nosuch"});
  ASSERT_TRUE(printed);
  EXPECT_EQ(printed->exit_code, kSuccess);
  EXPECT_EQ(printed->text,
            "Some options:\n"
            "  -X size=SIZE   how much\n"
            "  -X flag[=y|n]  on or off\n"
            "\n"
            "SIZE: bytes, or with K, M or G (powers of 1024): 64M\n");
}

}  // namespace
}  // namespace gpu_host::cli
