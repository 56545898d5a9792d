// ManifestRewrite: the manifest of an incremental backup becomes that of the full one that was put
// together: files of changed blocks become the files that they were laid over, with their sizes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/hash.hpp"

namespace holdfast::source {

// What became of files that are not as they came; paths as the manifest has them.
class ReplacedFiles {
 public:
  struct File {
    std::uint64_t size = 0;
    std::optional<std::uint32_t> crc;  // nothing: not known, the manifest says none
  };
  // conflict: it has this path, or one of the same hash.
  base::Result<void> add(std::string_view path, const File& file);
  [[nodiscard]] const File* find(std::string_view path) const;

 private:
  std::unordered_map<std::uint64_t, File> files_;  // by the path's hash
};

// Used by one task. What comes in must have been checked (ManifestCheck); `emit` gets the new
// manifest, whole lines. damaged: it has a file of changed blocks that isn't in `files`.
class ManifestRewrite {
 public:
  using Emit = std::function<base::Result<void>(std::string_view)>;
  ManifestRewrite(const ReplacedFiles& files, Emit emit) : files_(files), emit_(std::move(emit)) {}
  base::Result<void> feed(base::ByteView bytes);
  base::Result<void> finish();

 private:
  base::Result<void> take_line(std::string_view line);

  const ReplacedFiles& files_;
  Emit emit_;
  codec::Sha256 hash_;
  std::string line_;
};

}  // namespace holdfast::source
