// Registering, renewing and ending a session.
#include "repository/session.hpp"

#include <unistd.h>

#include <utility>

#include <algorithm>

#include "repository/condemnation.hpp"
#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"

namespace holdfast::repository {

namespace {

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

}  // namespace

Session::Session(Repository& repository, std::string purpose)
    : repository_(repository),
      purpose_(std::move(purpose)),
      id_(repository.environment().random.array<16>()) {}

base::Result<std::unique_ptr<Session>> Session::begin(Repository& repository, std::string purpose) {
  if (!repository.keys().writer) return needs_writing_key(purpose);
  std::unique_ptr<Session> session(new Session(repository, std::move(purpose)));
  session->is_registered_ = true;
  TRY_CONTEXT(session->put(), "registering a session");
  TRY(session->prepare());
  return session;
}

base::Result<std::unique_ptr<Session>> Session::observe(Repository& repository,
                                                        std::string purpose) {
  if (!repository.keys().writer) return needs_writing_key(purpose);
  std::unique_ptr<Session> session(new Session(repository, std::move(purpose)));
  TRY(session->prepare());
  return session;
}

base::Result<void> Session::prepare() {
  TRY_CONTEXT(repository_.refresh_index(Repository::Segments::trusted), "reading the index");
  TRY_CONTEXT(look(), "reading condemnations");
  TRY_CONTEXT(avoid_absent_packs(), "listing packs");
  return {};
}

Session::~Session() {
  if (!objects_.empty()) (void)repository_.storage().remove(objects_);
}

// One session object; its storage time is the renewal.
base::Result<void> Session::put() {
  const auto before = repository_.environment().clock.monotonic();
  std::uint32_t sequence = 0;
  {
    const std::lock_guard lock(mutex_);
    sequence = next_sequence_++;
    renewed_monotonic_ =
        before;  // whoever asks meanwhile whether a renewal is due hears that it is under way
  }
  base::Bytes receipt;
  base::ByteWriter fields(receipt);
  fields.raw(id_);
  fields.u32(sequence);
  fields.sized(purpose_);
  fields.sized(host_name());
  fields.u32(static_cast<std::uint32_t>(::getpid()));
  base::Bytes body;
  base::ByteWriter out(body);
  out.raw(repository_.own_domain().id());
  repository_.own_domain().seal_receipt(repository_.id(), session_magic, receipt,
                                        repository_.environment().random, out);
  const auto object =
      sign_object(session_magic, repository_.id(), *repository_.keys().writer, body);
  const auto prefix =
      numbered_prefix(std::string(sessions_prefix) + base::to_hex(id_) + "-", sequence);
  const auto stored = TRY(put_object(repository_.storage(), prefix, object));
  const std::lock_guard lock(mutex_);
  objects_.push_back(object_name(prefix, stored.hash));
  renewed_at_ = std::max(renewed_at_, stored.stored_at);
  return {};
}

// Lists condemnations; nothing that this session relies on may be among them.
base::Result<void> Session::look() {
  const auto condemnations = TRY(list_condemnations(repository_));
  std::vector<ObjectHash>
      avoided;  // only grows: what was condemned once is never relied on by this session
  {
    const std::lock_guard lock(mutex_);
    for (const auto& condemnation : condemnations) {
      for (const auto& pack : condemnation.packs) {
        if (relied_on_.contains(pack.name)) {
          return base::Error(base::ErrorCode::conflict, "a prune has condemned pack " +
                                                            short_name(pack.name) +
                                                            ", whose data this run was reusing")
              .with_hint("run it again: it will store that data afresh");
        }
        avoided_.insert(pack.name);
      }
    }
    avoided.assign(avoided_.begin(), avoided_.end());
  }
  if (auto* index = repository_.index(Repository::Segments::trusted)) index->avoid(avoided);
  return {};
}

// A segment may name packs that are gone: a sleeper woke and wrote it, or a disk lost them. Their
// chunks don't exist for us, so they are stored afresh.
base::Result<void> Session::avoid_absent_packs() {
  auto* index = repository_.index(Repository::Segments::trusted);
  const auto listed = TRY(list_packs(repository_));
  std::vector<ObjectHash> avoided;
  const std::lock_guard lock(mutex_);
  TRY(index->each_pack([&](const PackInfo& pack) -> base::Result<void> {
    const auto found = listed.find(pack.name);
    if (found == listed.end() || found->second.size != pack.size) avoided_.insert(pack.name);
    return {};
  }));
  avoided.assign(avoided_.begin(), avoided_.end());
  index->avoid(avoided);
  return {};
}

base::Result<void> Session::renew_if_due() {
  if (!is_registered_) return {};
  {
    const std::lock_guard lock(mutex_);
    const auto elapsed = repository_.environment().clock.monotonic() - renewed_monotonic_;
    if (elapsed.nanoseconds < repository_.config().session_ttl.nanoseconds / 4) return {};
    // One at a time: a second renewal must not be seen before the first has looked.
    if (std::exchange(renewing_, true)) return {};
  }
  auto renewed = renew();
  const std::lock_guard lock(mutex_);
  renewing_ = false;
  return renewed;
}

base::Result<void> Session::renew() {
  CHECK(is_registered_, "only what is registered is renewed");
  const auto before = renewed_at();
  TRY_CONTEXT(put(), "renewing the session");
  if (renewed_at() > before + repository_.config().session_ttl) {
    return base::Error(
               base::ErrorCode::conflict,
               "the session was not renewed in time (the machine slept, or the storage was away)")
        .with_hint("run it again: it goes on with what is stored already");
  }
  return look();
}

void Session::rely_on(const ObjectHash& pack) {
  const std::lock_guard lock(mutex_);
  relied_on_.insert(pack);
}

std::uint32_t Session::renewal() const {
  const std::lock_guard lock(mutex_);
  return next_sequence_ - 1;
}

base::Time Session::renewed_at() const {
  const std::lock_guard lock(mutex_);
  return renewed_at_;
}

}  // namespace holdfast::repository
