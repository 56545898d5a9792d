// XML by pugixml, which expands no entities of a document's own and does not recurse; sizes are
// bounded by what the client accepts as a body.
#include "s3_answers.hpp"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>
#include <sstream>

#include "http_date.hpp"

namespace holdfast::wire {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t entries_max = 10'000;
constexpr std::size_t text_size_max = 1024;

Error no_answer(std::string_view what) {
  return Error(ErrorCode::unavailable, "the server's answer is no " + std::string(what) + " of S3")
      .with_hint("is there an S3 server at the endpoint, and no proxy that answers for it?")
      .with_retry(base::Retry::may_help);
}

base::Result<pugi::xml_node> root_of(pugi::xml_document& document, std::string_view xml,
                                     const char* name) {
  if (!document.load_buffer(xml.data(), xml.size())) return no_answer(name);
  const auto root = document.child(name);
  if (!root) return no_answer(name);
  return root;
}

std::string short_text(const pugi::xml_node& node, const char* name) {
  return base::printable(std::string_view(node.child_value(name)).substr(0, text_size_max));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Keys come in encoding-type=url, so that any byte passes through XML. '+' is a blank there.
std::string decoded(std::string_view text) {
  std::string key;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      key += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      key += text[i] == '+' ? ' ' : text[i];
    }
  }
  return key;
}

std::string key_text(const pugi::xml_node& page, const char* value) {
  const std::string_view encoding = page.child_value("EncodingType");
  return encoding == "url" ? decoded(value) : std::string(value);
}

base::Result<S3Entry> entry_of(const pugi::xml_node& page, const pugi::xml_node& node) {
  S3Entry entry;
  entry.key = key_text(page, node.child_value("Key"));
  entry.version = node.child_value("VersionId");
  const std::string_view size = node.child_value("Size");
  const auto modified = parse_iso_date(node.child_value("LastModified"));
  if (entry.key.empty() || !modified) return no_answer("listing");
  // HEAD tells whole seconds: so do we, everywhere.
  entry.modified = {modified->nanoseconds / base::nanoseconds_per_second *
                    base::nanoseconds_per_second};
  entry.modified_rest = *modified - entry.modified;
  entry.latest = std::string_view(node.child_value("IsLatest")) == "true";
  if (std::string_view(node.name()) == "DeleteMarker") {
    entry.kind = S3Entry::Kind::delete_marker;
    return entry;
  }
  const auto read = std::from_chars(size.data(), size.data() + size.size(), entry.size);
  if (read.ec != std::errc() || read.ptr != size.data() + size.size()) return no_answer("listing");
  return entry;
}

base::Result<S3Page> parse_page(std::string_view xml, const char* root_name,
                                std::span<const std::string_view> names) {
  pugi::xml_document document;
  const auto root = TRY(root_of(document, xml, root_name));
  S3Page page;
  page.truncated = std::string_view(root.child_value("IsTruncated")) == "true";
  for (const auto& node : root.children()) {
    const std::string_view name = node.name();
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    if (page.entries.size() >= entries_max) return no_answer("listing");
    page.entries.push_back(TRY(entry_of(root, node)));
  }
  page.next_token = root.child_value("NextContinuationToken");
  page.next_key = key_text(root, root.child_value("NextKeyMarker"));
  page.next_version = root.child_value("NextVersionIdMarker");
  return page;
}

std::string text_of(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "", pugi::format_raw | pugi::format_no_declaration);
  return out.str();
}

void add_text(pugi::xml_node& parent, const char* name, const std::string& value) {
  parent.append_child(name).text().set(value.c_str());
}

constexpr const char* name_space = "http://s3.amazonaws.com/doc/2006-03-01/";

}  // namespace

S3ErrorAnswer parse_error(std::string_view xml) {
  S3ErrorAnswer answer;
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return answer;
  const auto root = document.child("Error");
  answer.code = short_text(root, "Code");
  answer.message = short_text(root, "Message");
  answer.request_id = short_text(root, "RequestId");
  answer.region = short_text(root, "Region");
  return answer;
}

base::Result<S3Page> parse_list(std::string_view xml) {
  constexpr std::string_view names[] = {"Contents"};
  return parse_page(xml, "ListBucketResult", names);
}

base::Result<S3Page> parse_versions(std::string_view xml) {
  constexpr std::string_view names[] = {"Version", "DeleteMarker"};
  return parse_page(xml, "ListVersionsResult", names);
}

base::Result<std::string> parse_upload_id(std::string_view xml) {
  pugi::xml_document document;
  const auto root = TRY(root_of(document, xml, "InitiateMultipartUploadResult"));
  std::string id = root.child_value("UploadId");
  if (id.empty() || id.size() > text_size_max) return no_answer("upload");
  return id;
}

base::Result<void> parse_complete(std::string_view xml) {
  pugi::xml_document document;
  TRY(root_of(document, xml, "CompleteMultipartUploadResult"));
  return {};
}

base::Result<S3Deletions> parse_deletions(std::string_view xml) {
  pugi::xml_document document;
  const auto root = TRY(root_of(document, xml, "DeleteResult"));
  S3Deletions deletions;
  for (const auto& node : root.children()) {
    const std::string_view name = node.name();
    if (deletions.by_version.size() >= entries_max) return no_answer("deletion");
    const std::string key = node.child_value("Key");
    S3ErrorAnswer error;
    if (name == "Error") {
      error.code = short_text(node, "Code");
      error.message = short_text(node, "Message");
      if (error.code.empty()) error.code = "UnknownError";
      deletions.by_key[key] = error;
    } else if (name == "Deleted") {
      deletions.by_key.try_emplace(key);
    } else {
      continue;
    }
    deletions.by_version[{key, node.child_value("VersionId")}] = std::move(error);
  }
  return deletions;
}

base::Result<bool> parse_versioning(std::string_view xml) {
  pugi::xml_document document;
  const auto root = TRY(root_of(document, xml, "VersioningConfiguration"));
  // A suspended bucket still has the versions and the delete markers from before.
  const std::string_view status = root.child_value("Status");
  return status == "Enabled" || status == "Suspended";
}

base::Result<S3LockAnswer> parse_lock_configuration(std::string_view xml) {
  pugi::xml_document document;
  const auto root = TRY(root_of(document, xml, "ObjectLockConfiguration"));
  S3LockAnswer answer;
  answer.enabled = std::string_view(root.child_value("ObjectLockEnabled")) == "Enabled";
  const auto retention = root.child("Rule").child("DefaultRetention");
  const auto number = [&](const char* name) {
    const std::string_view text = retention.child_value(name);
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value > 0 && value <= 36500 ? value : 0;
  };
  const std::int64_t days = number("Days") + 365 * std::min<std::int64_t>(number("Years"), 100);
  if (days > 0) {
    answer.default_lock = base::days(days);
    const std::string_view mode = retention.child_value("Mode");
    if (mode == "COMPLIANCE") answer.default_lock_mode = S3Lock::Mode::compliance;
    if (mode == "GOVERNANCE") answer.default_lock_mode = S3Lock::Mode::governance;
  }
  return answer;
}

std::string complete_body(std::span<const S3Part> parts) {
  pugi::xml_document document;
  auto root = document.append_child("CompleteMultipartUpload");
  root.append_attribute("xmlns") = name_space;
  for (const S3Part& part : parts) {
    auto node = root.append_child("Part");
    add_text(node, "ChecksumCRC32C", part.checksum);
    add_text(node, "ETag", part.etag);
    add_text(node, "PartNumber", std::to_string(part.number));
  }
  return text_of(document);
}

std::string deletion_body(std::span<const std::string> keys) {
  pugi::xml_document document;
  auto root = document.append_child("Delete");
  root.append_attribute("xmlns") = name_space;
  for (const std::string& key : keys) {
    auto node = root.append_child("Object");
    add_text(node, "Key", key);
  }
  return text_of(document);
}

std::string deletion_body(std::span<const S3ObjectVersion> objects) {
  pugi::xml_document document;
  auto root = document.append_child("Delete");
  root.append_attribute("xmlns") = name_space;
  for (const S3ObjectVersion& object : objects) {
    auto node = root.append_child("Object");
    add_text(node, "Key", object.key);
    add_text(node, "VersionId", object.version);
  }
  return text_of(document);
}

std::string default_lock_body(S3Lock::Mode mode, base::Duration lock) {
  constexpr std::int64_t day = 86'400 * base::nanoseconds_per_second;
  pugi::xml_document document;
  auto root = document.append_child("ObjectLockConfiguration");
  root.append_attribute("xmlns") = name_space;
  add_text(root, "ObjectLockEnabled", "Enabled");
  auto retention = root.append_child("Rule").append_child("DefaultRetention");
  add_text(retention, "Mode", std::string(lock_mode_name(mode)));
  add_text(retention, "Days", std::to_string(lock.nanoseconds / day));
  return text_of(document);
}

std::string retention_body(const S3Lock& lock) {
  pugi::xml_document document;
  auto root = document.append_child("Retention");
  root.append_attribute("xmlns") = name_space;
  add_text(root, "Mode", std::string(lock_mode_name(lock.mode)));
  add_text(root, "RetainUntilDate", base::format_utc(lock.until));
  return text_of(document);
}

std::string_view lock_mode_name(S3Lock::Mode mode) {
  return mode == S3Lock::Mode::compliance ? "COMPLIANCE" : "GOVERNANCE";
}

}  // namespace holdfast::wire
