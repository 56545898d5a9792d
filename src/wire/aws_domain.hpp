// Where AWS's own services are: the end of their host names in a region.
#pragma once

#include <string_view>

namespace holdfast::wire {

[[nodiscard]] constexpr std::string_view aws_domain(std::string_view region) {
  return region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

}  // namespace holdfast::wire
