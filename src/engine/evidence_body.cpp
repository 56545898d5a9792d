// Writing it.
#include "evidence_body.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::engine {

std::string evidence_body(std::initializer_list<std::pair<std::string_view, std::string>> fields) {
  auto body = nlohmann::ordered_json::object();
  for (const auto& [key, value] : fields) body[std::string(key)] = value;
  return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace holdfast::engine
