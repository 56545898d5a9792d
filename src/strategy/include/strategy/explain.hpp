// Explaining a component in plain sentences: what is kept where and for how long, how much can be
// lost, how long recovery takes at least.
#pragma once

#include <string>
#include <vector>

#include "strategy/model.hpp"

namespace holdfast::strategy {

struct Explanation {
  std::vector<std::string> sentences;
};

// `component` belongs to `strategy`.
[[nodiscard]] Explanation explain(const Strategy& strategy, const Component& component);

}  // namespace holdfast::strategy
