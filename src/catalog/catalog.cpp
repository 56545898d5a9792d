// Opening the catalog: the folder, the file's version, the daemon's lock.
#include "catalog/catalog.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "database.hpp"

namespace holdfast::catalog {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::int64_t version = 1;

constexpr std::array tables{
    "CREATE TABLE runs (id TEXT PRIMARY KEY, kind TEXT NOT NULL, component TEXT NOT NULL, "
    "plan TEXT NOT NULL, reason TEXT NOT NULL, slot BIGINT, started BIGINT NOT NULL, "
    "state TEXT NOT NULL, ended BIGINT, message TEXT NOT NULL, snapshot TEXT NOT NULL, "
    "bytes_read BIGINT NOT NULL, bytes_new BIGINT NOT NULL, bytes_stored BIGINT NOT NULL, "
    "size BIGINT NOT NULL, warnings BIGINT NOT NULL, cancel BIGINT NOT NULL)",
    "CREATE INDEX runs_by_plan ON runs (component, plan, started)",
    "CREATE INDEX runs_by_outcome ON runs (component, plan, state, started)",
    "CREATE INDEX runs_by_start ON runs (component, started)",
    "CREATE INDEX runs_by_end ON runs (component, kind, state, ended)",
    "CREATE TABLE run_lines (run TEXT NOT NULL, number INTEGER PRIMARY KEY AUTOINCREMENT, "
    "at BIGINT NOT NULL, text TEXT NOT NULL)",
    "CREATE INDEX run_lines_by_run ON run_lines (run)",
    "CREATE TABLE copies (run TEXT NOT NULL, location TEXT NOT NULL, component TEXT NOT NULL, "
    "plan TEXT NOT NULL, state TEXT NOT NULL, original TEXT NOT NULL, original_location TEXT NOT "
    "NULL, snapshot TEXT NOT NULL, slot BIGINT, changed BIGINT NOT NULL, next_attempt BIGINT NOT "
    "NULL, attempts BIGINT NOT NULL, bytes_stored BIGINT NOT NULL, message TEXT NOT NULL, "
    "PRIMARY KEY (run, location))",
    "CREATE INDEX copies_by_state ON copies (state)",
    "CREATE TABLE slots (component TEXT NOT NULL, name TEXT NOT NULL, first_seen BIGINT NOT NULL, "
    "served BIGINT, happening BIGINT NOT NULL, failures BIGINT NOT NULL, retry_at BIGINT NOT NULL, "
    "PRIMARY KEY (component, name))",
    "CREATE TABLE happenings (number INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, "
    "id TEXT NOT NULL, tags TEXT NOT NULL, at BIGINT NOT NULL)",
    "CREATE TABLE verifications (number INTEGER PRIMARY KEY AUTOINCREMENT, component TEXT NOT "
    "NULL, "
    "location TEXT NOT NULL, snapshot TEXT NOT NULL, level TEXT NOT NULL, outcome TEXT NOT NULL, "
    "at BIGINT NOT NULL, run TEXT NOT NULL, message TEXT NOT NULL, bytes BIGINT NOT NULL, "
    "duration BIGINT NOT NULL)",
    "CREATE INDEX verifications_by_place ON verifications (location, component)",
    "CREATE TABLE evidence (number BIGINT PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL, "
    "body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)",
    "CREATE TABLE findings (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, "
    "kind TEXT NOT NULL, component TEXT NOT NULL, plan TEXT NOT NULL, location TEXT NOT NULL, "
    "severity TEXT NOT NULL, message TEXT NOT NULL, advice TEXT NOT NULL, opened BIGINT NOT NULL, "
    "closed BIGINT)",
    "CREATE UNIQUE INDEX findings_open ON findings (name) WHERE closed IS NULL",
};

Result<void> make_tables(Database& database) {
  return database.transaction([&]() -> Result<void> {
    // Another process may have made them meanwhile.
    const auto found = TRY(database.query("PRAGMA user_version"));
    if (!found.empty() && number_of(found[0][0]) == version) return {};
    for (const auto* table : tables) TRY(database.execute(table));
    TRY(database.execute(fmt::format("PRAGMA user_version = {}", version)));
    return {};
  });
}

Result<void> prepare(Database& database) {
  TRY(database.query("PRAGMA journal_mode = WAL"));
  TRY(database.execute("PRAGMA synchronous = FULL"));
  const auto found = TRY(database.query("PRAGMA user_version"));
  const auto there = found.empty() ? 0 : number_of(found[0][0]);
  if (there > version) {
    return Error(ErrorCode::unsupported,
                 fmt::format("the catalog has version {}; this program knows {}", there, version))
        .with_hint("use the newer program that made it");
  }
  return there == version ? Result<void>() : make_tables(database);
}

}  // namespace

Catalog::Catalog(std::string directory, std::unique_ptr<Database> database)
    : directory_(std::move(directory)),
      database_(std::move(database)),
      runs_(*database_),
      copies_(*database_),
      slots_(*database_),
      happenings_(*database_),
      verifications_(*database_),
      evidence_(*database_),
      findings_(*database_) {}

Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::open(const std::string& directory) {
  std::error_code error;
  if (std::filesystem::create_directories(directory, error)) {
    if (::chmod(directory.c_str(), 0700) != 0) return Error::from_errno(errno, directory);
  } else if (error) {
    return Error::from_errno(error.value(), directory)
        .with_hint("choose a folder for the catalog with --state DIR");
  }
  const auto path = directory + "/catalog.sqlite";
  // SQLite gives the files beside it the same mode.
  TRY(io::open_file(path, O_RDWR | O_CREAT, 0600));
  auto database = TRY(Database::open(path));
  TRY_CONTEXT(prepare(*database), path);
  return std::unique_ptr<Catalog>(new Catalog(directory, std::move(database)));
}

Result<void> Catalog::take() {
  const auto path = directory_ + "/catalog.lock";
  auto lock = TRY(io::open_file(path, O_RDWR | O_CREAT, 0600));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Error::from_errno(errno, path);
    const auto owner = io::read_file(path, 64);
    return Error(ErrorCode::conflict,
                 fmt::format("another daemon has this catalog ({}process {})", directory_ + ", ",
                             owner.ok() ? std::string(base::as_text(owner.value())) : "unknown"))
        .with_hint("stop it, or give this one a folder of its own with --state DIR");
  }
  if (::ftruncate(lock.get(), 0) != 0) return Error::from_errno(errno, path);
  TRY(io::write_all(lock.get(), base::as_bytes(std::to_string(::getpid()))));
  lock_ = std::move(lock);
  return {};
}

}  // namespace holdfast::catalog
