// Whatever bytes a name has, the JSON is valid, and the exact bytes can be had back.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/bytes.hpp"
#include "json_writer.hpp"

namespace holdfast::cli {
namespace {

RC_GTEST_PROP(JsonWriterProperty, NamesSurvive, (const std::string& name)) {
  std::ostringstream out;
  JsonWriter json(out);
  json.begin_object();
  json.raw_name("path", name);
  json.finish();
  const auto read = nlohmann::json::parse(out.str());
  RC_ASSERT(read.contains("path_bytes") == !is_utf8(name));
  if (is_utf8(name)) {
    RC_ASSERT(read.at("path").get<std::string>() == name);
  } else {
    const auto bytes = base::from_hex(read.at("path_bytes").get<std::string>());
    RC_ASSERT(bytes.ok());
    RC_ASSERT(base::as_text(bytes.value()) == name);
  }
}

}  // namespace
}  // namespace holdfast::cli
