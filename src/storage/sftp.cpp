// The storage on a server: opening it, reading from it, removing, and cleaning up behind killed
// processes. Whatever takes more than one request keeps several of them under way.
#include "storage/sftp.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <set>
#include <utility>

#include "answers.hpp"
#include "local_root.hpp"
#include "sftp_listing.hpp"
#include "sftp_place.hpp"
#include "sftp_upload.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr base::Duration clean_interval = base::hours(1);
constexpr std::size_t temporary_name_size = 32;  // hexadecimal digits
constexpr std::size_t removals_at_once = 64;
constexpr std::uint64_t read_window_size = 4 * 1024 * 1024;

bool is_temporary_name(std::string_view name) {
  return name.size() == temporary_name_size &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct Content {
  // A new disk's lost+found aside. `uploads`: only an empty tmp/.
  enum class Kind { missing, nothing, uploads, other } kind = Kind::nothing;
  // A directory by which the place is known again: tmp/, or, where a copy lost that, another one;
  // empty if there is none.
  std::string sign;
};

base::Result<Content> content_of(SftpPlace& place, SftpConnection& connection) {
  const std::string path = place.path_of("");
  auto asked = connection.send([&](auto id) { return encode_sftp_open_directory(id, path); });
  const SftpReply reply = TRY(connection.wait(asked));
  Content content;
  if (is_status(reply, SftpStatus::no_such_file)) {
    content.kind = Content::Kind::missing;
    return content;
  }
  if (reply.kind != SftpReply::Kind::handle) return place.failure(connection, reply, "open", "");
  place.close(connection, reply.handle);
  const auto listed = TRY(read_sftp_directories(place, connection, {"", upload_directory}));
  bool has_uploads = false;
  for (const SftpName& one : listed[0]) {
    if (one.name == "." || one.name == ".." || one.name == "lost+found") continue;
    if (one.name == upload_directory) {
      has_uploads = true;
      continue;
    }
    content.kind = Content::Kind::other;
    if (one.attributes.type() == SftpAttributes::Type::directory) content.sign = one.name;
  }
  if (!has_uploads) return content;
  content.sign = upload_directory;
  if (listed[1].size() > 2) content.kind = Content::Kind::other;
  if (content.kind == Content::Kind::nothing) content.kind = Content::Kind::uploads;
  return content;
}

// The root with its parents. Each new directory's entry is synced in its parent.
base::Result<void> make_root(SftpPlace& place, SftpConnection& connection) {
  const SftpUrl& url = place.pool().url();
  const std::string& path = url.path;
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    auto looked = connection.send([&](auto id) { return encode_sftp_stat(id, part); });
    const SftpReply there = TRY(connection.wait(looked));
    if (there.kind != SftpReply::Kind::attributes) {
      auto asked = connection.send([&](auto id) { return encode_sftp_make_directory(id, part); });
      const SftpReply made = TRY(connection.wait(asked));
      if (!is_ok(made)) {
        return Error(is_status(made, SftpStatus::permission_denied) ? ErrorCode::permission_denied
                                                                    : ErrorCode::io,
                     "cannot make the directory " + part + " on " + describe_sftp_place(url) +
                         ": the server says " + base::printable(made.message))
            .with_hint("choose a path that this user may write to");
      }
      const std::size_t last = part.rfind('/');
      TRY(place.sync_paths(connection, {last == std::string::npos ? "."
                                        : last == 0               ? "/"
                                                                  : part.substr(0, last)}));
    }
    if (slash == std::string::npos) return {};
  }
}

}  // namespace

struct SftpStorage::State {
  State(const SftpUrl& url, io::Executor& executor, const SftpOptions& options)
      : place(url, executor,
              {.open_timeout = options.open_timeout,
               .answer_timeout = options.answer_timeout,
               .stop = options.stop},
              options.connections_max) {}

  // A reading of one range, which goes on over another connection when one is lost.
  struct Reading {
    std::string_view name;
    const Range range;
    std::uint64_t done = 0;  // this much of it is there
  };
  base::Result<void> read(std::string_view name, Range range, base::MutableByteView out);
  // Goes on from `reading.done`, over one connection.
  base::Result<void> fill(SftpConnection& connection, const std::string& handle, Reading& reading,
                          base::MutableByteView out);
  base::Result<void> check_empty_range(SftpConnection& connection, const std::string& handle,
                                       const Reading& reading);
  Error read_failure(SftpConnection& connection, const SftpReply& reply, const std::string& handle,
                     std::string_view name);
  base::Result<SftpAttributes> attributes(SftpConnection& connection, const std::string& handle,
                                          std::string_view name);
  std::optional<Error> removal(SftpConnection& connection, const SftpReply& reply,
                               const std::string& name);
  base::Result<std::size_t> remove_stale(SftpConnection& connection, base::Time before);

  SftpPlace place;
  std::atomic<std::int64_t> cleaned_at{0};  // storage time, nanoseconds
};

base::Result<SftpAttributes> SftpStorage::State::attributes(SftpConnection& connection,
                                                            const std::string& handle,
                                                            std::string_view name) {
  auto asked = connection.send([&](auto id) { return encode_sftp_fstat(id, handle); });
  const SftpReply reply = TRY(connection.wait(asked));
  if (reply.kind == SftpReply::Kind::attributes) return reply.attributes;
  return place.failure(connection, reply, "stat", name);
}

// A fault while reading is the object's damage if the place itself still answers.
Error SftpStorage::State::read_failure(SftpConnection& connection, const SftpReply& reply,
                                       const std::string& handle, std::string_view name) {
  auto about = attributes(connection, handle, name);
  if (!about.ok()) return std::move(about).error();
  if (about.value().type() == SftpAttributes::Type::directory) {
    return absent(name, place.description());
  }
  if (!is_status(reply, SftpStatus::failure)) {
    return place.failure(connection, reply, "read", name);
  }
  auto still = place.verify(connection);
  if (!still.ok()) return std::move(still).error();
  return Error(ErrorCode::damaged, "cannot read " + place.description() + "/" + std::string(name) +
                                       ": the server says " + base::printable(reply.message))
      .with_hint(
          "see the server's kernel log (dmesg); copy the repository off that disk and "
          "repair it");
}

base::Result<void> SftpStorage::State::fill(SftpConnection& connection, const std::string& handle,
                                            Reading& reading, base::MutableByteView out) {
  struct Part {
    std::uint64_t at;  // in `out`
    std::size_t size;
    SftpConnection::Ticket ticket;
  };
  const std::uint64_t offset = reading.range.offset;
  const auto ask = [&](std::uint64_t at, std::size_t size) {
    return connection.send(
        [&](auto id) {
          return encode_sftp_read(id, handle, offset + at, static_cast<std::uint32_t>(size));
        },
        out.subspan(at, size));
  };
  const auto past_end = [&]() -> base::Result<void> {
    const SftpAttributes about = TRY(attributes(connection, handle, reading.name));
    if (about.type() == SftpAttributes::Type::directory) {
      return absent(reading.name, place.description());
    }
    return range_past_end(reading.name, reading.range, about.size.value_or(0), place.description());
  };
  constexpr auto end_max = static_cast<std::uint64_t>(INT64_MAX);
  if (offset > end_max || out.size() > end_max - offset) return past_end();
  std::deque<Part> parts;
  std::uint64_t asked = reading.done;
  while (reading.done < out.size()) {
    const std::size_t size_max = connection.read_size_max();
    while (asked < out.size() && parts.size() * size_max < read_window_size) {
      const std::size_t size = std::min<std::size_t>(out.size() - asked, size_max);
      parts.push_back({asked, size, ask(asked, size)});
      asked += size;
    }
    Part& first = parts.front();
    const SftpReply reply = TRY(connection.wait(first.ticket));
    if (is_status(reply, SftpStatus::eof)) return past_end();
    if (reply.kind != SftpReply::Kind::data) {
      return read_failure(connection, reply, handle, reading.name);
    }
    if (reply.data.empty()) return past_end();
    reading.done += reply.data.size();
    if (reply.data.size() == first.size) {
      parts.pop_front();
      continue;
    }
    first.at += reply.data.size();
    first.size -= reply.data.size();
    first.ticket = ask(first.at, first.size);
  }
  return {};
}

base::Result<void> SftpStorage::State::check_empty_range(SftpConnection& connection,
                                                         const std::string& handle,
                                                         const Reading& reading) {
  const SftpAttributes about = TRY(attributes(connection, handle, reading.name));
  if (about.type() == SftpAttributes::Type::directory) {
    return absent(reading.name, place.description());
  }
  const std::uint64_t size = about.size.value_or(0);
  if (reading.range.offset <= size) return {};
  return range_past_end(reading.name, reading.range, size, place.description());
}

base::Result<void> SftpStorage::State::read(std::string_view name, Range range,
                                            base::MutableByteView out) {
  Reading reading{.name = name, .range = range};
  while (true) {
    const auto lease = TRY(place.lease());
    const std::string handle = TRY(place.open(*lease, name, SftpOpen::read));
    const std::uint64_t before = reading.done;
    auto filled = fill(*lease, handle, reading, out);
    if (filled.ok() && out.empty()) filled = check_empty_range(*lease, handle, reading);
    place.close(*lease, handle);
    const bool goes_on = !filled.ok() && lease->is_lost() && reading.done > before;
    if (!goes_on) return filled;
  }
}

std::optional<Error> SftpStorage::State::removal(SftpConnection& connection, const SftpReply& reply,
                                                 const std::string& name) {
  if (is_ok(reply)) return std::nullopt;
  if (is_status(reply, SftpStatus::failure) || is_status(reply, SftpStatus::permission_denied)) {
    // A directory is no object.
    const auto there = place.stat(connection, name);
    if (there.ok() && there.value().type() == SftpAttributes::Type::directory) return std::nullopt;
    if (!there.ok() && there.error().code() == ErrorCode::unavailable) return there.error();
  }
  Error error = place.failure(connection, reply, "remove", name);
  if (error.code() == ErrorCode::not_found) return std::nullopt;
  return error;
}

base::Result<std::size_t> SftpStorage::State::remove_stale(SftpConnection& connection,
                                                           base::Time before) {
  const auto listed = TRY(read_sftp_directories(place, connection, {upload_directory}));
  std::size_t removed = 0;
  for (const SftpName& one : listed.front()) {
    if (!is_temporary_name(one.name) || one.attributes.type() != SftpAttributes::Type::file ||
        !one.attributes.modified_at || *one.attributes.modified_at > before) {
      continue;
    }
    const std::string path = place.path_of(std::string(upload_directory) + "/" + one.name);
    auto asked = connection.send([&](auto id) { return encode_sftp_remove(id, path); });
    if (is_ok(TRY(connection.wait(asked)))) ++removed;
  }
  return removed;
}

SftpStorage::SftpStorage(std::unique_ptr<State> state) : state_(std::move(state)) {}
SftpStorage::~SftpStorage() = default;

base::Result<std::unique_ptr<SftpStorage>> SftpStorage::create(const SftpUrl& url,
                                                               io::Executor& executor,
                                                               SftpOptions options) {
  auto state = std::make_unique<State>(url, executor, options);
  const auto lease = TRY(state->place.lease());
  TRY(make_root(state->place, *lease));
  const Content content = TRY(content_of(state->place, *lease));
  if (content.kind == Content::Kind::other) {
    return Error(ErrorCode::already_exists, state->place.description() + " is not empty")
        .with_hint("choose a new or an empty directory for the repository");
  }
  TRY(state->place.make_parents(*lease, std::string(upload_directory) + "/x"));
  return std::unique_ptr<SftpStorage>(new SftpStorage(std::move(state)));
}

base::Result<std::unique_ptr<SftpStorage>> SftpStorage::open(const SftpUrl& url,
                                                             io::Executor& executor,
                                                             SftpOptions options) {
  auto state = std::make_unique<State>(url, executor, options);
  const auto lease = TRY(state->place.lease());
  Content content = TRY(content_of(state->place, *lease));
  if (content.kind == Content::Kind::missing) {
    return Error(ErrorCode::not_found, state->place.description() + " does not exist")
        .with_hint(
            "check the path; is the server's disk mounted? `holdfast init` makes a new "
            "repository");
  }
  if (content.sign.empty()) {
    const bool empty = content.kind == Content::Kind::nothing;
    return Error(ErrorCode::not_found, state->place.description() +
                                           (empty ? " is empty" : " holds a few files only") +
                                           ", there is no repository in it")
        .with_hint("is the server's disk mounted? `holdfast init` makes a new repository");
  }
  state->place.recognize_by(std::move(content.sign));
  return std::unique_ptr<SftpStorage>(new SftpStorage(std::move(state)));
}

std::string SftpStorage::describe() const { return state_->place.description(); }

Capabilities SftpStorage::capabilities() const {
  // Between an object's stamp and its name a stalled connection may lie, until it is given up.
  return {.versions = false, .retention = false, .consistent = true, .skew = base::minutes(2)};
}

base::Result<std::unique_ptr<Upload>> SftpStorage::begin_put() {
  auto upload = TRY(SftpUpload::begin(state_->place));
  const base::Time now = upload->begun_at();
  std::int64_t cleaned_at = state_->cleaned_at.load();
  if (now.nanoseconds - cleaned_at >= clean_interval.nanoseconds &&
      state_->cleaned_at.compare_exchange_strong(cleaned_at, now.nanoseconds)) {
    // Only tidiness: whatever hinders it will be met, and reported, by the upload itself.
    auto lease = state_->place.lease();
    if (lease.ok()) (void)state_->remove_stale(*lease.value(), now - base::days(1)).ok();
  }
  return std::unique_ptr<Upload>(std::move(upload));
}

base::Result<void> SftpStorage::read(std::string_view name, Range range,
                                     base::MutableByteView out) {
  CHECK(range.size == out.size(), "a range and a buffer of different sizes");
  if (!is_valid_name(name)) return invalid_name(name, describe());
  if (is_reserved(name)) return absent(name, describe());
  return state_->read(name, range, out);
}

base::Result<base::Bytes> SftpStorage::get(std::string_view name, std::uint64_t size_max,
                                           std::string_view version) {
  if (!is_valid_name(name)) return invalid_name(name, describe());
  if (is_reserved(name)) return absent(name, describe());
  if (!version.empty()) return absent(name, describe() + ", version " + std::string(version));
  const ObjectInfo info = TRY(stat(name));
  if (info.size > size_max) return too_large(name, info.size, size_max, describe());
  base::Bytes content(info.size);
  TRY(state_->read(name, {0, info.size}, content));
  return content;
}

base::Result<ObjectInfo> SftpStorage::stat(std::string_view name) {
  if (!is_valid_name(name)) return invalid_name(name, describe());
  if (is_reserved(name)) return absent(name, describe());
  const auto lease = TRY(state_->place.lease());
  const SftpAttributes about = TRY(state_->place.stat(*lease, name));
  if (about.type() != SftpAttributes::Type::file) return absent(name, describe());
  ObjectInfo info;
  info.name = name;
  info.size = about.size.value_or(0);
  info.stored_at = about.modified_at.value_or(base::Time{});
  return info;
}

base::Result<ListPage> SftpStorage::list(const ListOptions& options) {
  const auto lease = TRY(state_->place.lease());
  return list_sftp_page(state_->place, *lease, options);
}

base::Result<ListPage> SftpStorage::list_versions(const ListOptions& options) {
  return list(options);
}

base::Result<std::vector<RemoveOutcome>> SftpStorage::remove(std::span<const std::string> names) {
  TRY(check_batch(names.size(), describe()));
  const auto lease = TRY(state_->place.lease());
  TRY(state_->place.verify(*lease));
  std::vector<RemoveOutcome> outcomes;
  outcomes.reserve(names.size());
  std::set<std::string> directories;
  std::deque<SftpConnection::Ticket> under_way;
  const auto ask = [&](const std::string& name) {
    if (!is_valid_name(name) || is_reserved(name)) return SftpConnection::Ticket();
    const std::string path = state_->place.path_of(name);
    return lease->send([&](auto id) { return encode_sftp_remove(id, path); });
  };
  std::size_t asked = 0;
  for (const std::string& name : names) {
    while (asked < names.size() && under_way.size() < removals_at_once) {
      under_way.push_back(ask(names[asked++]));
    }
    SftpConnection::Ticket ticket = std::move(under_way.front());
    under_way.pop_front();
    if (!is_valid_name(name) || is_reserved(name)) {
      outcomes.push_back({name, invalid_name(name, describe())});
      continue;
    }
    const SftpReply reply = TRY(lease->wait(ticket));
    outcomes.push_back({name, state_->removal(*lease, reply, name)});
    if (!outcomes.back().error) directories.insert(directory_of(name));
  }
  TRY(state_->place.sync_directories(*lease, {directories.begin(), directories.end()}));
  return outcomes;
}

base::Result<void> SftpStorage::retain(std::string_view, base::Time) {
  return no_retention(describe());
}

base::Result<std::optional<std::uint64_t>> SftpStorage::free_bytes() {
  const auto lease = TRY(state_->place.lease());
  TRY(state_->place.verify(*lease));
  return state_->place.free_bytes(*lease);
}

base::Result<std::size_t> SftpStorage::remove_stale_uploads(base::Duration older_than) {
  // A fresh upload tells the server's idea of now.
  const auto probe = TRY(SftpUpload::begin(state_->place));
  const auto lease = TRY(state_->place.lease());
  return state_->remove_stale(*lease, probe->begun_at() - older_than);
}

void SftpStorage::break_off() { state_->place.pool().break_off(); }

}  // namespace holdfast::storage
