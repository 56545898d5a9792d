// Where a git repository is, and what its refs say now: asked with the git program.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::source {

// What every call of git gets. Git never asks for anything: it has no terminal, and credentials
// come from its own configuration (helpers, ssh keys).
struct GitSurroundings {
  std::vector<std::string> hidden_variables{"BACKUP_ENCRYPTION_KEY"};  // not inherited
  // What git says of its work, line by line, and how far it is; raw bytes.
  std::function<void(std::string_view line)> on_line = {};
  std::function<void(std::string_view line)> on_progress = {};
  base::Duration stall = base::minutes(10);  // git is ended when it says nothing for so long
};

struct GitAddress {
  enum class Kind { path, url } kind = Kind::path;
  std::string text;  // a path is absolute
};

// A path (relative ones below `folder`), file://…, ssh://…, https://…, http://…, git://… or
// user@host:path. invalid_argument for others, for what git would take for an option, and for a URL
// with a password in it: everyone could read it in the process list.
base::Result<GitAddress> parse_git_address(std::string_view text, const std::string& folder);

struct GitRef {
  std::string name;  // "refs/heads/main"; raw bytes
  std::string id;    // of the object, hexadecimal
  bool operator==(const GitRef&) const = default;
};

struct GitRefs {
  std::vector<GitRef> refs;  // ascending by name
  std::string head_ref;      // what HEAD names; empty: a commit (detached), or nobody knows
  std::string head_id;       // the commit of HEAD; empty: none yet
  bool operator==(const GitRefs&) const = default;
};

// `patterns`: none: all. One that begins with refs/ is compared with whole names, another one with
// the names of branches and of tags; `*` stands for anything, at most once. not_found: there is no
// repository at a path; unavailable: a URL doesn't answer, or refuses us.
base::Result<GitRefs> list_git_refs(const GitAddress& address,
                                    const std::vector<std::string>& patterns,
                                    const GitSurroundings& surroundings, std::stop_token stop);

// Whether a ref is wanted by these patterns.
[[nodiscard]] bool matches_git_patterns(std::string_view name,
                                        const std::vector<std::string>& patterns);

// A short text that differs when the refs do.
[[nodiscard]] std::string git_refs_fingerprint(const GitRefs& refs);

// What `git ls-remote --symref` prints. damaged: it isn't that.
base::Result<GitRefs> parse_git_refs(std::string_view listing);

}  // namespace holdfast::source
