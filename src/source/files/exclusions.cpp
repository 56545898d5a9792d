// Loads patterns and marks and asks them in their order: the command line first, then the innermost
// directory.
#include "exclusions.hpp"

#include <fcntl.h>

#include "io/file.hpp"

namespace holdfast::source {

namespace {

constexpr std::uint64_t pattern_file_size_max = std::uint64_t{16} << 20;
constexpr std::string_view cache_tag_name = "CACHEDIR.TAG";
// https://bford.info/cachedir/
constexpr std::string_view cache_tag_signature = "Signature: 8a477f597d28d172789f06886806bc55";

// The file's beginning, up to `size_max`; empty if it can't be read or is no regular file.
base::Bytes read_beginning(int directory, const std::string& name, std::size_t size_max) {
  auto file = io::open_file_at(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file.ok()) return {};
  base::Bytes bytes(size_max);
  const auto got = io::read_some(file.value().get(), bytes);
  bytes.resize(got.ok() ? got.value() : 0);
  return bytes;
}

bool is_cache_tag(int directory) {
  const auto bytes =
      read_beginning(directory, std::string(cache_tag_name), cache_tag_signature.size());
  return base::as_text(bytes) == cache_tag_signature;
}

}  // namespace

base::Result<Exclusions> Exclusions::load(const FilesCaptureOptions& options) {
  Exclusions loaded;
  for (const auto& path : options.exclude_files) {
    const auto bytes = TRY_CONTEXT(io::read_file(path, pattern_file_size_max), "exclude file");
    loaded.rules_.add_text(base::as_text(bytes));
  }
  for (const auto& pattern : options.excludes) loaded.rules_.add_line(pattern);
  loaded.ignore_file_names_ = options.ignore_file_names;
  loaded.marker_file_names_ = options.marker_file_names;
  loaded.skip_cache_directories_ =
      options.cache_directories == FilesCaptureOptions::CacheDirectories::skip_contents;
  return loaded;
}

bool Exclusions::excludes(std::string_view path, PathKind kind, std::size_t root_base,
                          const DirectoryRules* rules) const {
  using Verdict = GitignoreRules::Verdict;
  auto verdict = rules_.match({.path = path, .kind = kind, .inner = root_base});
  for (; verdict == Verdict::none && rules != nullptr; rules = rules->outer.get()) {
    verdict = rules->rules.match({.path = path.substr(rules->base), .kind = kind});
  }
  return verdict == Verdict::ignored;
}

std::shared_ptr<const DirectoryRules> Exclusions::enter(
    int directory, const DirectoryListing& listing, std::size_t base,
    std::shared_ptr<const DirectoryRules> outer) const {
  for (const auto& name : ignore_file_names_) {
    if (!listing.contains(name)) continue;
    auto inner = std::make_shared<DirectoryRules>();
    const auto bytes = read_beginning(directory, name, pattern_file_size_max);
    inner->rules.add_text(base::as_text(bytes));
    inner->base = base;
    inner->outer = std::move(outer);
    outer = std::move(inner);
  }
  return outer;
}

void Exclusions::apply_marks(int directory, DirectoryListing& listing) const {
  std::vector<std::string> marks;
  for (const auto& name : marker_file_names_) {
    if (listing.contains(name)) marks.push_back(name);
  }
  if (skip_cache_directories_ && listing.contains(cache_tag_name) && is_cache_tag(directory)) {
    marks.emplace_back(cache_tag_name);
  }
  if (!marks.empty()) listing.keep_only(marks);
}

}  // namespace holdfast::source
