// Manifests: encoding, decoding of what lies in a folder that others can write into, names.
#include "export_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "export_cipher.hpp"
#include "io/file.hpp"
#include "io/file_system.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::uint64_t manifest_size_max = 64 * 1024;
constexpr std::size_t name_size_max = 240;  // with what is added it is a file's name still
constexpr std::string_view suffix = ".json";

// "20261121T023000Z".
std::string compact(base::Time at) {
  auto text = base::format_utc(at);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_size_max && !name.starts_with('.') &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

std::optional<std::string> value_of(std::string_view word, const ExportRecord& record) {
  if (word == "component") return record.component;
  if (word == "plan") return record.plan;
  if (word == "environment") return record.environment;
  if (word == "strategy") return record.strategy;
  if (word == "time") return compact(record.captured);
  return std::nullopt;
}

}  // namespace

std::string manifest_name(const std::string& name, bool is_visible) {
  return (is_visible ? "" : ".") + name + std::string(suffix);
}

std::string encode_manifest(const ExportRecord& record) {
  nlohmann::ordered_json json;
  json["name"] = record.name;
  json["size"] = record.size;
  json["sha256"] = record.sha256;
  json["strategy"] = record.strategy;
  json["environment"] = record.environment;
  json["component"] = record.component;
  json["plan"] = record.plan;
  json["snapshot"] = record.snapshot;
  json["captured"] = base::format_utc(record.captured, base::TimePrecision::nanoseconds);
  json["encrypted"] = record.encrypt;
  json["program"] = record.program;
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::optional<ExportRecord> decode_manifest(const std::string& manifest, std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto word = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto size = json.find("size");
  const auto captured = base::parse_utc(word("captured"));
  if (size == json.end() || !size->is_number_unsigned() || !captured.ok()) return std::nullopt;
  ExportRecord record{.name = word("name"),
                      .size = size->get<std::uint64_t>(),
                      .sha256 = word("sha256"),
                      .strategy = word("strategy"),
                      .environment = word("environment"),
                      .component = word("component"),
                      .plan = word("plan"),
                      .snapshot = word("snapshot"),
                      .captured = captured.value(),
                      .encrypt = word("encrypted"),
                      .program = word("program")};
  const bool is_its_own =
      manifest == manifest_name(record.name, true) || manifest == manifest_name(record.name, false);
  if (!is_name(record.name) || !is_its_own || !record.program.starts_with("holdfast ")) {
    return std::nullopt;
  }
  return record;
}

Result<std::vector<ListedExport>> list_exports(const std::string& folder, const ExportRecord& of) {
  auto names = TRY(io::LocalFileSystem().list(folder));
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(suffix); });
  std::vector<ListedExport> found;
  for (auto& name : names) {
    const auto bytes = io::read_file(folder + "/" + name, manifest_size_max);
    if (!bytes.ok()) continue;
    auto record = decode_manifest(name, base::as_text(bytes.value()));
    if (!record || record->strategy != of.strategy || record->environment != of.environment ||
        record->component != of.component || record->plan != of.plan) {
      continue;
    }
    found.push_back({.record = std::move(*record), .manifest = std::move(name)});
  }
  return found;
}

Result<std::string> export_name(const strategy::Export& exported, const ExportRecord& record) {
  const auto wrong = [&](const std::string& why) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("the export's name '{}' {}", base::printable(exported.name), why))
        .with_hint(
            "write a file's name with {component}, {plan}, {environment}, {time} or {strategy}");
  };
  std::string name;
  std::string_view rest = exported.name;
  while (!rest.empty()) {
    const auto open = rest.find('{');
    name += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = rest.find('}', open);
    const auto value = close == std::string_view::npos
                           ? std::nullopt
                           : value_of(rest.substr(open + 1, close - open - 1), record);
    if (!value) return wrong("has braces round something else");
    name += *value;
    rest.remove_prefix(close + 1);
  }
  const auto end = cipher_suffix(exported.encrypt);
  if (!name.ends_with(end)) name += end;
  if (!is_name(name))
    return wrong("is no name of a file: it is empty, too long, or leads elsewhere");
  return name;
}

}  // namespace holdfast::engine
