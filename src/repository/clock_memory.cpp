// Comparing clocks, and keeping what was seen of them.
#include "repository/clock_memory.hpp"

#include "base/bytes.hpp"

namespace holdfast::repository {

namespace {

constexpr std::string_view magic = "HFCM";

base::Result<ClockMemory> decode(base::ByteView bytes) {
  base::ByteReader in(bytes);
  if (base::as_text(TRY(in.raw(magic.size()))) != magic)
    return base::Error(base::ErrorCode::damaged, "not a memory of clocks");
  ClockMemory memory;
  memory.storage.nanoseconds = TRY(in.i64());
  memory.local.nanoseconds = TRY(in.i64());
  memory.counts_from.nanoseconds = TRY(in.i64());
  return memory;
}

}  // namespace

ClockMemory remember(const std::optional<ClockMemory>& before, base::Time storage_now,
                     base::Time local_now, base::Duration grace) {
  ClockMemory now{.storage = storage_now, .local = local_now, .counts_from = {}};
  if (!before) return now;
  const auto ahead = (storage_now - before->storage) - (local_now - before->local);
  const bool has_jumped = ahead.nanoseconds > grace.nanoseconds / 4;
  now.counts_from = has_jumped ? storage_now : before->counts_from;
  return now;
}

base::Result<ClockMemory> remember_clock(const Repository& repository, base::Time storage_now) {
  const auto& environment = repository.environment();
  const auto path = repository.cache_path("storage-clock");
  std::optional<ClockMemory> before;
  if (const auto bytes = environment.files.read(path); bytes.ok()) {
    if (auto decoded = decode(bytes.value()); decoded.ok()) before = decoded.value();
  }
  const auto now =
      remember(before, storage_now, environment.clock.now(), repository.config().prune_grace);
  base::Bytes bytes;
  base::ByteWriter out(bytes);
  out.raw(base::as_bytes(magic));
  out.i64(now.storage.nanoseconds);
  out.i64(now.local.nanoseconds);
  out.i64(now.counts_from.nanoseconds);
  auto file = TRY(environment.files.create(path));
  TRY(file->append(bytes));
  TRY(file->commit(io::FileWriter::Durable::yes));
  return now;
}

}  // namespace holdfast::repository
