// The walk, as in local_listing.cpp: a directory takes part in the order as its name with the slash
// that all names below it have. Here the directories of one level are read ahead in batches.
#include "sftp_listing.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "local_root.hpp"

namespace holdfast::storage {

namespace {

constexpr std::size_t directories_at_once = 32;
constexpr std::size_t directories_first = 4;  // while it isn't known how much lies in one
constexpr std::size_t reads_at_once = 4;

using Tickets = std::vector<SftpConnection::Ticket>;

// Directories that are opened at once, one after the other waited for, and closed whatever happens.
class OpenDirectories {
 public:
  OpenDirectories(SftpPlace& place, SftpConnection& connection,
                  const std::vector<std::string>& directories)
      : place_(place), connection_(connection), directories_(directories) {
    for (const std::string& directory : directories) {
      std::string path = place.path_of(directory);
      if (path.size() > 1 && path.back() == '/') path.pop_back();
      opening_.push_back(
          connection.send([&](auto id) { return encode_sftp_open_directory(id, path); }));
    }
  }
  ~OpenDirectories() {
    // A server has few handles to give: those that are still on their way count, too.
    while (handles_.size() < opening_.size()) {
      const auto reply = connection_.wait(opening_[handles_.size()]);
      handles_.push_back(reply.ok() ? reply.value().handle : std::string());
    }
    for (std::size_t i = 0; i < handles_.size(); ++i) close(i);
  }
  OpenDirectories(const OpenDirectories&) = delete;
  OpenDirectories& operator=(const OpenDirectories&) = delete;

  // The next one's handle; empty if it is no directory.
  base::Result<std::string> next() {
    const std::string& directory = directories_[handles_.size()];
    auto waited = connection_.wait(opening_[handles_.size()]);
    handles_.emplace_back();
    const SftpReply reply = TRY(std::move(waited));
    if (reply.kind == SftpReply::Kind::handle) {
      handles_.back() = reply.handle;
      return handles_.back();
    }
    // What is missing is no directory; whether it is missing from the right place is asked at the
    // end.
    if (is_status(reply, SftpStatus::no_such_file)) return std::string();
    const auto about = place_.stat(connection_, directory);
    if (about.ok() && about.value().type() != SftpAttributes::Type::directory) return std::string();
    if (!about.ok() && about.error().code() == base::ErrorCode::unavailable) return about.error();
    return place_.failure(connection_, reply, "list", directory);
  }
  [[nodiscard]] const std::string& handle(std::size_t number) const { return handles_[number]; }
  void close(std::size_t number) {
    if (!handles_[number].empty()) place_.close(connection_, handles_[number]);
    handles_[number].clear();
  }

 private:
  SftpPlace& place_;
  SftpConnection& connection_;
  const std::vector<std::string>& directories_;
  Tickets opening_;
  std::vector<std::string> handles_;
};

// The rest of an open directory: several requests under way, each of which brings the next part.
base::Result<std::vector<SftpName>> read_all(SftpPlace& place, SftpConnection& connection,
                                             const std::string& handle, Tickets reads,
                                             const std::string& directory) {
  std::vector<SftpName> names;
  for (std::size_t at = 0; at < reads.size(); ++at) {
    SftpReply reply = TRY(connection.wait(reads[at]));
    if (reply.kind == SftpReply::Kind::names) {
      std::move(reply.names.begin(), reply.names.end(), std::back_inserter(names));
      for (std::size_t i = reads.size() - at; i <= reads_at_once; ++i) {
        reads.push_back(
            connection.send([&](auto id) { return encode_sftp_read_directory(id, handle); }));
      }
      continue;
    }
    if (!is_status(reply, SftpStatus::eof))
      return place.failure(connection, reply, "list", directory);
    break;
  }
  return names;
}

base::Result<void> follow_links(SftpPlace& place, SftpConnection& connection,
                                const std::string& directory, std::vector<SftpName>& names) {
  for (SftpName& one : names) {
    if (one.attributes.type() != SftpAttributes::Type::symbolic_link) continue;
    const std::string path = place.path_of(directory + one.name);
    auto asked = connection.send([&](auto id) { return encode_sftp_stat(id, path); });
    const SftpReply reply = TRY(connection.wait(asked));
    one.attributes =
        reply.kind == SftpReply::Kind::attributes ? reply.attributes : SftpAttributes{};
  }
  return {};
}

class Walk {
 public:
  Walk(SftpPlace& place, SftpConnection& connection, const ListOptions& options)
      : place_(place),
        connection_(connection),
        prefix_(options.prefix),
        after_(std::max(options.start_after, options.continuation)),
        page_size_(options.page_size) {}

  base::Result<ListPage> run() {
    const auto slash = prefix_.rfind('/');
    const std::string base = slash == std::string::npos ? "" : prefix_.substr(0, slash + 1);
    const bool possible = base.empty() || (is_valid_name(base.substr(0, base.size() - 1)) &&
                                           !is_reserved(base) && may_hold(base));
    if (possible) {
      auto names = TRY(read_sftp_directories(place_, connection_, {base}));
      TRY(visit(base, std::move(names.front())));
    }
    TRY(place_.verify(connection_));
    return std::move(page_);
  }

 private:
  // `directory` ends in a slash. Could names below it be part of the answer?
  [[nodiscard]] bool may_hold(const std::string& directory) const {
    if (directory <= after_ && !after_.starts_with(directory)) return false;
    return directory.starts_with(prefix_) || prefix_.starts_with(directory);
  }

  // By whole names; a directory's ends in a slash and has no info.
  using Entries = std::map<std::string, ObjectInfo>;

  [[nodiscard]] Entries entries_of(const std::string& base, const std::vector<SftpName>& names) {
    Entries entries;
    for (const SftpName& one : names) {
      std::string name = base + one.name;
      if (!is_valid_name(name) || is_reserved(name)) continue;
      const SftpAttributes::Type type = one.attributes.type();
      if (type == SftpAttributes::Type::directory) {
        name += '/';
        if (may_hold(name)) entries.emplace(std::move(name), ObjectInfo{});
      } else if (type == SftpAttributes::Type::file && name > after_ && name.starts_with(prefix_)) {
        ObjectInfo info;
        info.name = name;
        info.size = one.attributes.size.value_or(0);
        info.stored_at = one.attributes.modified_at.value_or(base::Time{});
        entries.emplace(std::move(name), std::move(info));
      }
    }
    return entries;
  }

  base::Result<void> visit(const std::string& base, std::vector<SftpName> names) {
    const Entries entries = entries_of(base, names);
    names = {};
    std::map<std::string, std::vector<SftpName>> ahead;
    for (auto at = entries.begin(); at != entries.end(); ++at) {
      if (page_.objects.size() == page_size_) {
        page_.next = page_.objects.back().name;
        return {};
      }
      if (at->first.back() != '/') {
        page_.objects.push_back(at->second);
        continue;
      }
      if (!ahead.contains(at->first)) TRY(read_ahead(at, entries.end(), ahead));
      auto below = ahead.extract(at->first);
      TRY(visit(at->first, std::move(below.mapped())));
      if (!page_.next.empty()) return {};
    }
    return {};
  }

  base::Result<void> read_ahead(Entries::const_iterator from, Entries::const_iterator end,
                                std::map<std::string, std::vector<SftpName>>& ahead) {
    std::vector<std::string> directories;
    // What this page has no room for is read again for the next one: about as many as fill it.
    const std::size_t room = page_size_ - page_.objects.size();
    const std::size_t fitting =
        names_read_ == 0 ? directories_first : room * directories_read_ / names_read_;
    const std::size_t wanted = std::min({directories_at_once, fitting + 1, room + 1});
    for (auto at = from; at != end && directories.size() < wanted; ++at) {
      if (at->first.back() == '/') directories.push_back(at->first);
    }
    auto read = TRY(read_sftp_directories(place_, connection_, directories));
    for (std::size_t i = 0; i < directories.size(); ++i) {
      ++directories_read_;
      names_read_ += read[i].size();
      ahead.emplace(directories[i], std::move(read[i]));
    }
    return {};
  }

  SftpPlace& place_;
  SftpConnection& connection_;
  const std::string prefix_;
  const std::string after_;
  const std::size_t page_size_;
  std::size_t directories_read_ = 0;
  std::size_t names_read_ = 0;
  ListPage page_;
};

}  // namespace

base::Result<std::vector<std::vector<SftpName>>> read_sftp_directories(
    SftpPlace& place, SftpConnection& connection, const std::vector<std::string>& directories) {
  OpenDirectories open(place, connection, directories);
  std::vector<Tickets> reads(directories.size());
  for (std::size_t i = 0; i < directories.size(); ++i) {
    const std::string handle = TRY(open.next());
    if (handle.empty()) continue;
    // The first brings the names of a small directory, the second its end.
    for (int part = 0; part < 2; ++part) {
      reads[i].push_back(
          connection.send([&](auto id) { return encode_sftp_read_directory(id, handle); }));
    }
  }
  std::vector<std::vector<SftpName>> names(directories.size());
  for (std::size_t i = 0; i < directories.size(); ++i) {
    if (open.handle(i).empty()) continue;
    names[i] =
        TRY(read_all(place, connection, open.handle(i), std::move(reads[i]), directories[i]));
    open.close(i);
    TRY(follow_links(place, connection, directories[i], names[i]));
  }
  return names;
}

base::Result<ListPage> list_sftp_page(SftpPlace& place, SftpConnection& connection,
                                      const ListOptions& options) {
  CHECK(options.page_size > 0, "pages without room");
  return Walk(place, connection, options).run();
}

}  // namespace holdfast::storage
