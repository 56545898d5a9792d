// The body of a piece of evidence: a flat JSON object of texts.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast::engine {

// Fields keep their order; values are written as JSON strings.
[[nodiscard]] std::string evidence_body(
    std::initializer_list<std::pair<std::string_view, std::string>> fields);

}  // namespace holdfast::engine
