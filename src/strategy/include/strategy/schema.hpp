// The strategy's grammar for others: a JSON Schema for editors and validators, and the reference
// page. Both are rendered from the tables that the parser uses.
#pragma once

#include <string>

namespace holdfast::strategy {

// JSON Schema, draft 2020-12, indented. Scalars with ${…} are accepted everywhere: what they give
// is known only once they are filled in.
[[nodiscard]] std::string json_schema();

// docs/reference/strategy.md.
[[nodiscard]] std::string strategy_reference();

}  // namespace holdfast::strategy
