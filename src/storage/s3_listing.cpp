// Servers are not taken at their word. MinIO, asked for keys after a mark, may say that nothing
// follows a page when much does; versitygw repeats versions across pages. So a continuation carries
// the last name besides the server's own mark, what a page repeats is dropped, and a listing ends
// with a page that is not full and was not asked for by a name, or else with an empty one.
#include "s3_listing.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t page_size_max = 1000;
constexpr int empty_pages_max = 1000;

Error endless() {
  return Error(ErrorCode::damaged, "the server's listing goes round in circles")
      .with_hint("the storage server answers wrongly; look for an update of it");
}

std::size_t page_size_of(const ListOptions& options) {
  return std::clamp<std::size_t>(options.page_size, 1, page_size_max);
}

// Foreign objects (folders of a console, names that are none of ours) are not shown.
std::optional<ObjectInfo> info_of(const wire::S3Entry& entry, const std::string& prefix,
                                  const std::string& name_prefix) {
  if (!entry.key.starts_with(prefix)) return std::nullopt;
  ObjectInfo info;
  info.name = entry.key.substr(prefix.size());
  if (!is_valid_name(info.name) || !info.name.starts_with(name_prefix)) return std::nullopt;
  info.size = entry.size;
  info.stored_at = entry.modified;
  // "null" too: what was stored before the bucket kept versions, and can be asked for by that name.
  info.version = entry.version;
  info.kind = entry.kind == wire::S3Entry::Kind::delete_marker ? ObjectInfo::Kind::delete_marker
                                                               : ObjectInfo::Kind::object;
  return info;
}

// Whether a valid name can begin with it. Servers refuse some of what cannot.
bool can_begin_a_name(const std::string& prefix) {
  if (prefix.empty()) return true;
  // A full name with something behind it shows what is wrong before the end.
  const bool ends_open = prefix.back() == '/' || prefix.back() == '.';
  return is_valid_name(ends_open ? prefix + "x" : prefix);
}

// Where the next page begins: behind `name`, or, in a listing of versions, behind `mark` of it.
struct Continuation {
  std::string name;
  std::string mark;  // the server's token, or a version
};

Continuation continuation_of(const ListOptions& options) {
  if (options.continuation.empty()) return {options.start_after, {}};
  const auto line = options.continuation.find('\n');
  if (line == std::string::npos) return {options.continuation, {}};
  return {options.continuation.substr(0, line), options.continuation.substr(line + 1)};
}

// The versions behind those that were seen: up to `version` of `key`, all of the keys before. A
// page that begins again with the key repeats its versions up to that one.
void drop_seen(std::vector<wire::S3Entry>& entries, const std::string& key,
               const std::string& version) {
  std::erase_if(entries, [&](const auto& entry) { return entry.key < key; });
  const auto same = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
    return entry.key == key && entry.version == version;
  });
  if (same != entries.end()) {
    entries.erase(entries.begin(), same + 1);
  } else if (version.empty()) {
    std::erase_if(entries, [&](const auto& entry) { return entry.key == key; });
  }
}

// A ULID (26 letters of Crockford's base 32) begins with the time at which it was made.
bool is_ulid(const std::string& version) {
  return version.size() == 26 &&
         version.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string::npos;
}

// versitygw lists versions first, then delete markers, and gives the latter the time of the
// listing; but its versions are ULIDs. Where nothing tells, the server's order stays.
bool is_before(const wire::S3Entry& a, const wire::S3Entry& b) {
  if (a.key != b.key) return a.key < b.key;
  if (a.latest != b.latest) return a.latest;
  if (is_ulid(a.version) && is_ulid(b.version)) return a.version > b.version;
  return a.modified + a.modified_rest > b.modified + b.modified_rest;
}

// Nothing of ours among them: whoever wants one of ours needn't pass by the others one by one.
std::size_t beyond_foreign_keys(std::size_t page_size) {
  return std::min(page_size_max, 4 * page_size);
}

void take(ListPage& page, const wire::S3Entry& entry, const std::string& prefix,
          const ListOptions& options) {
  if (auto info = info_of(entry, prefix, options.prefix)) page.objects.push_back(std::move(*info));
}

}  // namespace

base::Result<ListPage> list_s3_page(wire::S3Client& client, const std::string& prefix,
                                    const ListOptions& options) {
  if (!can_begin_a_name(options.prefix)) return ListPage{};
  const Continuation from = continuation_of(options);
  wire::S3ListOptions ask{.prefix = prefix + options.prefix, .page_size = page_size_of(options)};
  ask.token = from.mark;
  std::string seen = from.name.empty() ? std::string() : prefix + from.name;
  for (int pages = 0; pages < empty_pages_max;) {
    ask.start_after = ask.token.empty() ? seen : std::string();
    wire::S3Page answer = TRY(client.list(ask));
    const std::size_t count = answer.entries.size();
    std::erase_if(answer.entries, [&](const auto& entry) {
      return (!seen.empty() && entry.key <= seen) || !entry.key.starts_with(prefix);
    });
    std::sort(answer.entries.begin(), answer.entries.end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    const auto repeated = std::unique(answer.entries.begin(), answer.entries.end(),
                                      [](const auto& a, const auto& b) { return a.key == b.key; });
    answer.entries.erase(repeated, answer.entries.end());
    if (answer.entries.size() > ask.page_size) {
      answer.entries.resize(ask.page_size);
      answer.next_token.clear();
    }
    ListPage page;
    for (const wire::S3Entry& entry : answer.entries) take(page, entry, prefix, options);
    for (ObjectInfo& object : page.objects) object.version.clear();
    if (page.objects.size() > page_size_of(options)) {
      page.objects.resize(page_size_of(options));
      page.next = page.objects.back().name + "\n";
      return page;
    }
    const bool by_name = !ask.start_after.empty();
    if (!answer.truncated && (by_name ? answer.entries.empty() : count < ask.page_size)) {
      return page;
    }
    if (!answer.entries.empty()) seen = answer.entries.back().key;
    if (!page.objects.empty()) {
      page.next = seen.substr(prefix.size()) + "\n" + (answer.truncated ? answer.next_token : "");
      return page;
    }
    // Nothing of ours in it: on to the next page.
    const bool moves =
        !answer.entries.empty() || (!answer.next_token.empty() && answer.next_token != ask.token);
    if (!moves) return endless();
    // Keys ascend, so they come to an end; a server that has tokens only may have them for ever.
    if (answer.entries.empty()) {
      ++pages;
    } else {
      ask.page_size = beyond_foreign_keys(ask.page_size);
    }
    ask.token = answer.truncated ? std::move(answer.next_token) : std::string();
  }
  return endless();
}

base::Result<ListPage> list_s3_version_page(wire::S3Client& client, const std::string& prefix,
                                            const ListOptions& options) {
  if (!can_begin_a_name(options.prefix)) return ListPage{};
  const Continuation from = continuation_of(options);
  wire::S3ListOptions ask{.prefix = prefix + options.prefix, .page_size = page_size_of(options)};
  if (!from.name.empty()) ask.key_marker = prefix + from.name;
  // MinIO refuses a mark outside of what is asked for.
  if (!ask.key_marker.empty() && !ask.key_marker.starts_with(ask.prefix)) {
    if (ask.key_marker > ask.prefix) return ListPage{};
    ask.key_marker.clear();
  }
  ask.version_marker = from.mark;
  for (int pages = 0; pages < empty_pages_max;) {
    wire::S3Page answer = TRY(client.list_versions(ask));
    const std::size_t count = answer.entries.size();
    if (!ask.key_marker.empty()) drop_seen(answer.entries, ask.key_marker, ask.version_marker);
    std::stable_sort(answer.entries.begin(), answer.entries.end(), is_before);
    ListPage page;
    for (const wire::S3Entry& entry : answer.entries) take(page, entry, prefix, options);
    if (page.objects.size() > page_size_of(options)) {
      page.objects.resize(page_size_of(options));
      page.next = page.objects.back().name + "\n" + page.objects.back().version;
      return page;
    }
    const bool resumed = !ask.key_marker.empty();
    if (!answer.truncated && (resumed ? answer.entries.empty() : count < ask.page_size)) {
      return page;
    }
    const std::string key = answer.entries.empty() ? answer.next_key : answer.entries.back().key;
    const std::string version =
        answer.entries.empty() ? answer.next_version : answer.entries.back().version;
    const bool moves =
        key > ask.key_marker || (key == ask.key_marker && version != ask.version_marker);
    if (!key.empty() && !key.starts_with(prefix)) return endless();
    if (!page.objects.empty()) {
      page.next = key.substr(prefix.size()) + "\n" + version;
      return page;
    }
    // A page of what was seen only: a larger one must reach beyond it.
    if (!moves && ask.page_size >= page_size_max) return endless();
    ask.page_size = beyond_foreign_keys(ask.page_size);
    if (!moves) continue;
    if (key == ask.key_marker) ++pages;  // its versions may go round; keys ascend
    ask.key_marker = key;
    ask.version_marker = version;
  }
  return endless();
}

}  // namespace holdfast::storage
