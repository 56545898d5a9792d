// Reading what git says of refs: addresses, listings, patterns.
#include "source/git/refs.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "codec/hash.hpp"
#include "git_program.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t name_size_max = 4096;

bool is_object_id(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_ref_name(std::string_view name) {
  return name.starts_with("refs/") && name.size() <= name_size_max;
}

Error not_a_listing() {
  return {ErrorCode::damaged, "git ls-remote printed what is no list of refs"};
}

// With `*` for anything, once.
bool matches(std::string_view name, std::string_view pattern) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return name == pattern;
  const auto before = pattern.substr(0, star);
  const auto after = pattern.substr(star + 1);
  return name.size() >= before.size() + after.size() && name.starts_with(before) &&
         name.ends_with(after);
}

GitAddress local(std::string_view path, const std::string& folder) {
  auto text = (std::filesystem::path(folder) / path).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return {.kind = GitAddress::Kind::path, .text = std::move(text)};
}

Error refused(std::string_view text, const std::string& why) {
  return {ErrorCode::invalid_argument, "'" + base::printable(text) + "' " + why};
}

Result<GitAddress> parse_url(std::string_view text, std::size_t scheme_end) {
  constexpr std::array<std::string_view, 4> schemes{"ssh", "https", "http", "git"};
  const auto scheme = text.substr(0, scheme_end);
  if (std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) {
    return Error(ErrorCode::invalid_argument,
                 "git repositories can't be reached by " + base::printable(scheme) + "://")
        .with_hint("write a path, ssh://, https:// or user@host:path");
  }
  const auto rest = text.substr(scheme_end + 3);
  const auto authority = rest.substr(0, rest.find('/'));
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos) {
    return Error(ErrorCode::invalid_argument, "the address of a git repository holds a password")
        .with_hint(
            "everyone could read it in the process list: leave it to a credential helper of git, "
            "or to an ssh key");
  }
  const auto host = authority.substr(at == std::string_view::npos ? 0 : at + 1);
  if (host.empty() || host.starts_with('-')) return refused(text, "names no host");
  return GitAddress{.kind = GitAddress::Kind::url, .text = std::string(text)};
}

Error listing_failed(const GitAddress& address, const GitAnswer& answer) {
  const auto what = answer.complaint.empty()
                        ? "git ended with status " + std::to_string(answer.status)
                        : answer.complaint;
  if (address.kind == GitAddress::Kind::url) {
    return Error(ErrorCode::unavailable, what).with_retry(base::Retry::may_help);
  }
  if (what.find("does not appear to be a git repository") != std::string::npos) {
    return Error(ErrorCode::not_found,
                 "there is no git repository at " + base::printable(address.text));
  }
  return {ErrorCode::io, what};
}

}  // namespace

Result<GitAddress> parse_git_address(std::string_view text, const std::string& folder) {
  if (text.empty()) return refused(text, "is no address");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) return refused(text, "holds a control character");
  }
  if (text.starts_with("file://")) {
    const auto path = text.substr(7);
    if (!path.starts_with('/')) return refused(text, "names no absolute path");
    return local(path, folder);
  }
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    return parse_url(text, scheme);
  }
  const auto colon = text.find(':');
  const auto slash = text.find('/');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && slash < colon)) {
    return local(text, folder);
  }
  if (text.starts_with('-') || colon == 0 || text.substr(colon).starts_with("::")) {
    return refused(text, "is no address of a git repository");
  }
  return GitAddress{.kind = GitAddress::Kind::url, .text = std::string(text)};
}

bool matches_git_patterns(std::string_view name, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return true;
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    if (pattern.starts_with("refs/")) return matches(name, pattern);
    return matches(name, "refs/heads/" + pattern) || matches(name, "refs/tags/" + pattern);
  });
}

Result<GitRefs> parse_git_refs(std::string_view listing) {
  GitRefs made;
  while (!listing.empty()) {
    const auto end = listing.find('\n');
    if (end == std::string_view::npos) return not_a_listing();
    const auto line = listing.substr(0, end);
    listing.remove_prefix(end + 1);
    const auto tab = line.find('\t');
    if (tab == std::string_view::npos) return not_a_listing();
    const auto value = line.substr(0, tab);
    const auto name = line.substr(tab + 1);
    if (value.starts_with("ref: ")) {
      if (name == "HEAD" && is_ref_name(value.substr(5))) made.head_ref = value.substr(5);
      continue;
    }
    if (!is_object_id(value)) return not_a_listing();
    if (name.ends_with("^{}")) continue;  // what a tag names
    if (name == "HEAD") {
      made.head_id = value;
    } else if (is_ref_name(name)) {
      made.refs.push_back({.name = std::string(name), .id = std::string(value)});
    }
  }
  std::sort(made.refs.begin(), made.refs.end(),
            [](const GitRef& a, const GitRef& b) { return a.name < b.name; });
  return made;
}

Result<GitRefs> list_git_refs(const GitAddress& address, const std::vector<std::string>& patterns,
                              const GitSurroundings& surroundings, std::stop_token stop) {
  for (const auto& pattern : patterns) {
    if (std::count(pattern.begin(), pattern.end(), '*') <= 1) continue;
    return Error(ErrorCode::invalid_argument,
                 "refs: '" + base::printable(pattern) + "' has more than one *")
        .with_hint("write several patterns");
  }
  GitCall call{.arguments = {"ls-remote", "--symref"}};
  const auto options = git_reading_options(address);
  call.arguments.insert(call.arguments.end(), options.begin(), options.end());
  call.arguments.insert(call.arguments.end(), {"--", address.text});
  const auto answer = TRY(ask_git(call, surroundings, stop));
  if (answer.status != 0) return listing_failed(address, answer);
  auto made = TRY(parse_git_refs(answer.output));
  std::erase_if(made.refs,
                [&](const GitRef& ref) { return !matches_git_patterns(ref.name, patterns); });
  return made;
}

std::string git_refs_fingerprint(const GitRefs& refs) {
  codec::Sha256 hash;
  const auto add = [&](const std::string& text) {
    hash.update(base::as_bytes(text));
    hash.update(base::as_bytes(std::string_view("\0", 1)));
  };
  add(refs.head_ref);
  add(refs.head_id);
  for (const auto& ref : refs.refs) {
    add(ref.name);
    add(ref.id);
  }
  const auto digest = hash.finish();
  return base::to_hex(base::ByteView(digest).first(16));
}

}  // namespace holdfast::source
