// StrategyFile: the strategy that a command was told to use, found, read and parsed.
#pragma once

#include <string>

#include "base/result.hpp"
#include "invocation.hpp"
#include "strategy/parser.hpp"

namespace holdfast::cli {

// --config, else ./holdfast.yaml, else /etc/holdfast/holdfast.yaml, for --environment. What is
// wrong with it is in its diagnostics; an error means that there is no file or that it can't be
// read.
base::Result<strategy::Parsed> parse_strategy_file(const Invocation& invocation);

// Whether one is named, or lies where one is looked for.
[[nodiscard]] bool has_strategy_file(const Invocation& invocation);

// The same with its promises checked; errors of the strategy are printed and become an error.
base::Result<strategy::Strategy> usable_strategy(Invocation& invocation);
// The same of the file at `path`.
base::Result<strategy::Strategy> usable_strategy_at(Invocation& invocation,
                                                    const std::string& path);

}  // namespace holdfast::cli
