// Arguments come from outside: whatever they are, parsing ends with values or with an error that
// says what to do.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.hpp"
#include "declarations.hpp"
#include "parser.hpp"

namespace holdfast::cli {
namespace {

// Words that mean something, mangled now and then.
std::vector<std::string> vocabulary() {
  std::vector<std::string> words{"--",      "-",     "=",        "",      "--=", "-h",
                                 "--json=", "[a,b]", "\xff\xfe", "/path", "K=V", "\n"};
  for (const auto* command : commands()) {
    words.push_back(command->name.substr(0, command->name.find(' ')));
    words.push_back(command->name.substr(command->name.find(' ') + 1));
    for (const auto* option : all_options(*command)) words.push_back("--" + option->name);
  }
  return words;
}

std::string mangled(std::string word, base::Random& random) {
  if (word.empty() || random.below(6) != 0) return word;
  word[random.below(word.size())] = static_cast<char>(random.below(256));
  if (random.below(3) == 0) word += "=" + std::string(random.below(5), 'x');
  return word;
}

TEST(ParserFuzz, EveryArgumentListIsAnswered) {
  const auto words = vocabulary();
  base::SeededRandom random(4711);
  int understood = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> arguments;
    for (auto left = random.below(7); left > 0; --left) {
      arguments.push_back(mangled(words[random.below(words.size())], random));
    }
    const auto result = parse(arguments);
    if (result.ok()) {
      ++understood;
      const bool runs = result.value().request == Parsed::Request::run;
      EXPECT_TRUE(!runs || result.value().command != nullptr);
    } else {
      EXPECT_EQ(result.error().code(), base::ErrorCode::invalid_argument);
      EXPECT_FALSE(result.error().hint().empty()) << result.error().to_string();
    }
  }
  EXPECT_GT(understood, 100);
}

}  // namespace
}  // namespace holdfast::cli
