// Exposition: gathers samples of declared metrics and writes them in Prometheus' text format.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "report/metrics.hpp"

namespace holdfast::report {

// Samples of one metric come together, whatever the order of the calls; of two with the same labels
// the first stays. Not thread-safe.
class Exposition {
 public:
  using Labels = std::vector<std::string_view>;  // values, in the order of the declaration

  // `name` is declared, and has as many labels.
  void count(std::string_view name, const Labels& labels, std::uint64_t value);
  // What is no number (NaN, infinite) is left out.
  void measure(std::string_view name, const Labels& labels, double value);
  void measure(std::string_view name, const Labels& labels, base::Duration value) {
    measure(name, labels, value.seconds());
  }

  // With HELP and TYPE for every metric that has a sample.
  [[nodiscard]] std::string text() const;

 private:
  void put(std::string_view name, const Labels& labels, const std::string& value);
  // By name, then by labels as they are written.
  std::map<std::string_view, std::map<std::string, std::string>> samples_;
};

// A label's value between quotes: backslash, quote and line feed escaped, and what is no printable
// UTF-8 as \xNN.
[[nodiscard]] std::string escape_label(std::string_view value);

}  // namespace holdfast::report
