// The manifest of an export: a JSON file beside it, under its name and ".json"; hidden
// (".NAME.json") where the strategy asks for none, since retention goes by manifests: a file
// without one isn't ours.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "strategy/model.hpp"

namespace holdfast::engine {

struct ExportRecord {
  std::string name;  // of the file; no path
  std::uint64_t size = 0;
  std::string sha256;  // of the file as it lies, hexadecimal
  std::string strategy;
  std::string environment;
  std::string component;
  std::string plan;
  std::string snapshot;  // hexadecimal
  base::Time captured;
  std::string encrypt;  // "gpg", "openssl" or empty
  std::string program;  // "holdfast 0.1.0"
};

[[nodiscard]] std::string manifest_name(const std::string& name, bool is_visible);
[[nodiscard]] std::string encode_manifest(const ExportRecord& record);
// Nothing if it is no manifest of ours, or names another file than its own name says.
[[nodiscard]] std::optional<ExportRecord> decode_manifest(const std::string& manifest,
                                                          std::string_view text);

struct ListedExport {
  ExportRecord record;
  std::string manifest;  // its name
};
// Those of one plan in an open folder, by name. Unreadable manifests are left alone.
base::Result<std::vector<ListedExport>> list_exports(const std::string& folder,
                                                     const ExportRecord& of);

// The file's name with {component}, {plan}, {environment}, {time}, {strategy} filled in and the
// cipher's suffix; invalid_argument for another word in braces, or a name that leads elsewhere.
base::Result<std::string> export_name(const strategy::Export& exported, const ExportRecord& record);

}  // namespace holdfast::engine
