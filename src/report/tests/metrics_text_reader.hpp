// A small reader of Prometheus' text format, written from its specification alone: what the tests
// hold the writer against.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::report {

struct ReadSample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct ReadMetrics {
  std::map<std::string, std::string> types;
  std::map<std::string, std::string> helps;
  std::vector<ReadSample> samples;
  std::vector<std::string> mistakes;

  // Nothing if it is absent.
  [[nodiscard]] std::optional<double> value(
      const std::string& name, const std::map<std::string, std::string>& labels = {}) const {
    for (const auto& sample : samples) {
      if (sample.name == name && sample.labels == labels) return sample.value;
    }
    return std::nullopt;
  }
};

// Mistakes: a line that doesn't parse, a sample without TYPE and HELP before it, samples of one
// metric that don't stand together, two with the same labels, a value that is no number.
ReadMetrics read_metrics(const std::string& text);

}  // namespace holdfast::report
