// Temporary name, fsync, rename, manifest; then retention over the manifests in the folder.
#include "engine/export.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/units.hpp"
#include "codec/hash.hpp"
#include "engine/version.hpp"
#include "evidence_body.hpp"
#include "export_cipher.hpp"
#include "export_content.hpp"
#include "export_record.hpp"
#include "io/file.hpp"
#include "strategy/retention.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
namespace fs = std::filesystem;

namespace {

Result<std::string> folder_of(const Workplace& workplace, const strategy::Export& exported) {
  if (exported.to.find("://") != std::string::npos) {
    return Error(ErrorCode::unsupported,
                 fmt::format("export to {}: not a folder", strategy::without_password(exported.to)))
        .with_hint("exports go to folders; a location takes snapshots to buckets");
  }
  auto path = (fs::path(workplace.strategy.folder) / exported.to).lexically_normal();
  if (!path.has_filename() && path != "/") path = path.parent_path();
  return path.string();
}

// mkdir -p with mode 0700 for what is made.
Result<void> make_folder(const std::string& folder) {
  std::string above;
  for (const auto& part : fs::path(folder)) {
    above = (fs::path(above) / part).string();
    if (::mkdir(above.c_str(), 0700) != 0 && errno != EEXIST && errno != EISDIR) {
      return Error::from_errno(errno, "cannot make the folder " + above);
    }
  }
  return {};
}

// A new file under a name that says what it is; removed when it goes, unless it was given its name.
class TemporaryFile {
 public:
  static Result<TemporaryFile> make(const std::string& folder, base::Random& random) {
    TemporaryFile made;
    made.folder_ = folder;
    made.path_ = fmt::format("{}/.holdfast-{}.part", folder, base::to_hex(random.array<8>()));
    made.file_ = TRY(io::open_file(made.path_, O_RDWR | O_CREAT | O_EXCL, 0600));
    return made;
  }
  TemporaryFile(TemporaryFile&& other) noexcept
      : folder_(std::move(other.folder_)),
        path_(std::exchange(other.path_, {})),
        file_(std::move(other.file_)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  [[nodiscard]] int fd() const { return file_.get(); }

  enum class Existing { replace, refuse };
  // Durable under its name on return.
  Result<void> commit(const std::string& name, Existing existing) {
    TRY(io::sync_file(file_.get()));
    const auto target = folder_ + "/" + name;
    const unsigned flags = existing == Existing::refuse ? RENAME_NOREPLACE : 0;
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), flags) != 0) {
      return Error::from_errno(errno, "cannot name the export " + target);
    }
    path_.clear();
    return io::sync_directory(folder_);
  }

 private:
  TemporaryFile() = default;
  std::string folder_;
  std::string path_;
  io::Fd file_;
};

class Exporter {
 public:
  Exporter(const Workplace& workplace, const strategy::Component& component,
           const strategy::Plan& plan, repository::Repository& repository, std::stop_token stop)
      : workplace_(workplace),
        component_(component),
        plan_(plan),
        repository_(repository),
        stop_(std::move(stop)) {}

  Result<ExportReport> run(const std::string& snapshot);

 private:
  Result<void> fill(const repository::SnapshotRecord& snapshot, int file);
  Result<void> measure(int file);
  Result<TemporaryFile::Existing> what_is_there();
  Result<void> write_manifest();
  Result<void> expire();
  Result<void> remove(const ListedExport& listed);
  [[nodiscard]] strategy::RetentionRequest request_of(const std::vector<ListedExport>& all,
                                                      base::Time now) const;

  const Workplace& workplace_;
  const strategy::Component& component_;
  const strategy::Plan& plan_;
  repository::Repository& repository_;
  std::stop_token stop_;
  std::string folder_;
  ExportRecord record_;
  ExportReport report_;
};

// The content into the file, through a program that encrypts it if there is one.
Result<void> Exporter::fill(const repository::SnapshotRecord& snapshot, int file) {
  const auto& encrypt = plan_.exported->encrypt;
  if (encrypt.empty()) {
    const auto out = [&](base::ByteView bytes) { return io::write_all(file, bytes); };
    return write_content(repository_, snapshot, record_.name, out, stop_);
  }
  const auto& encryption = workplace_.strategy.encryption;
  if (!encryption.key.is_set()) {
    return Error(ErrorCode::invalid_argument,
                 "an encrypted export needs the key that the strategy reads and writes with")
        .with_hint("give encryption: { key: … } here, or leave encrypt: away");
  }
  const auto key = TRY(workplace_.secret(encryption.key));
  const auto cipher = TRY(ExportCipher::start(encrypt, key, file));
  const auto out = [&](base::ByteView bytes) { return cipher->write(bytes, stop_); };
  TRY(write_content(repository_, snapshot, record_.name, out, stop_));
  return cipher->finish(stop_);
}

// Size and hash as the file lies there, read back.
Result<void> Exporter::measure(int file) {
  codec::Sha256 hash;
  base::Bytes buffer(base::MiB);
  std::uint64_t offset = 0;
  while (true) {
    if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    const auto got = TRY(io::read_at(file, buffer, offset));
    if (got == 0) break;
    hash.update(base::ByteView(buffer).first(got));
    offset += got;
  }
  record_.size = offset;
  record_.sha256 = base::to_hex(hash.finish());
  return {};
}

// A file under the name is replaced only if a manifest says that it is ours.
Result<TemporaryFile::Existing> Exporter::what_is_there() {
  for (const auto& listed : TRY(list_exports(folder_, record_))) {
    if (listed.record.name == record_.name) return TemporaryFile::Existing::replace;
  }
  return TemporaryFile::Existing::refuse;
}

Result<void> Exporter::write_manifest() {
  auto file = TRY(TemporaryFile::make(folder_, workplace_.random));
  TRY(io::write_all(file.fd(), base::as_bytes(encode_manifest(record_))));
  const bool is_visible = plan_.exported->manifest;
  // Of the two names only the one that is asked for stays.
  const auto other = folder_ + "/" + manifest_name(record_.name, !is_visible);
  TRY(file.commit(manifest_name(record_.name, is_visible), TemporaryFile::Existing::replace));
  const auto bytes = io::read_file(other, base::MiB);
  if (bytes.ok() &&
      decode_manifest(manifest_name(record_.name, !is_visible), base::as_text(bytes.value()))) {
    ::unlink(other.c_str());
  }
  return {};
}

strategy::RetentionRequest Exporter::request_of(const std::vector<ListedExport>& all,
                                                base::Time now) const {
  strategy::RetentionRequest request;
  for (const auto& destination : plan_.to) {
    if (destination.keep.empty()) continue;
    request.rules.push_back({.plan = plan_.name,
                             .keep = destination.keep,
                             .demand = strategy::Level::none,
                             .is_log = false});
  }
  request.now = now;
  for (const auto& each : all) {
    strategy::StoredSnapshot stored;
    stored.id = each.manifest;
    stored.plans = {plan_.name};
    stored.captured = stored.finished = stored.stored = each.record.captured;
    stored.contents = {{"", each.record.sha256}};
    request.snapshots.push_back(std::move(stored));
  }
  return request;
}

Result<void> Exporter::remove(const ListedExport& listed) {
  const auto path = folder_ + "/" + listed.record.name;
  struct stat there;
  const bool exists = ::lstat(path.c_str(), &there) == 0;
  const bool is_ours = exists && S_ISREG(there.st_mode) &&
                       static_cast<std::uint64_t>(there.st_size) == listed.record.size;
  if (exists && !is_ours) {
    report_.warnings.push_back(
        fmt::format("export {} has expired, and isn't what its manifest says: it stays",
                    base::printable(path)));
    return {};
  }
  TRY(workplace_.catalog.evidence().append(
      workplace_.clock.now(), "deletion",
      evidence_body({{"component", component_.name},
                     {"export", path},
                     {"snapshot", listed.record.snapshot},
                     {"captured", base::format_utc(listed.record.captured)},
                     {"reason", "retention"}})));
  if (exists && ::unlink(path.c_str()) != 0)
    return Error::from_errno(errno, "cannot remove " + path);
  ::unlink((folder_ + "/" + listed.manifest).c_str());
  report_.expired.push_back(listed.record.name);
  return {};
}

Result<void> Exporter::expire() {
  const auto all = TRY(list_exports(folder_, record_));
  const auto request = request_of(all, workplace_.clock.now());
  if (request.rules.empty()) return {};
  const auto decision = strategy::decide_retention(request, workplace_.zone);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (decision.verdicts[i].is_kept() || all[i].record.name == record_.name) continue;
    TRY(remove(all[i]));
  }
  return report_.expired.empty() ? Result<void>() : io::sync_directory(folder_);
}

Result<ExportReport> Exporter::run(const std::string& snapshot) {
  CHECK(plan_.exported.has_value(), "only a plan with an export exports");
  folder_ = TRY(folder_of(workplace_, *plan_.exported));
  const auto chosen =
      TRY(repository::choose_snapshot(TRY(repository::list_snapshots(repository_)), snapshot));
  record_.strategy = workplace_.strategy.name;
  record_.environment = workplace_.strategy.environment;
  record_.component = component_.name;
  record_.plan = plan_.name;
  record_.snapshot = base::to_hex(chosen.id);
  record_.captured = chosen.summary.started;
  record_.encrypt = plan_.exported->encrypt;
  record_.program = program_name_and_version();
  record_.name = TRY(export_name(*plan_.exported, record_));
  TRY(make_folder(folder_));
  auto file = TRY(TemporaryFile::make(folder_, workplace_.random));
  TRY(fill(chosen, file.fd()));
  TRY(measure(file.fd()));
  TRY(file.commit(record_.name, TRY(what_is_there())));
  TRY(write_manifest());
  report_.path = folder_ + "/" + record_.name;
  report_.size = record_.size;
  report_.sha256 = record_.sha256;
  TRY(workplace_.catalog.evidence().append(workplace_.clock.now(), "export",
                                           evidence_body({{"component", component_.name},
                                                          {"plan", plan_.name},
                                                          {"snapshot", record_.snapshot},
                                                          {"export", report_.path},
                                                          {"sha256", report_.sha256}})));
  TRY(expire());
  return std::move(report_);
}

}  // namespace

Result<ExportReport> export_snapshot(const Workplace& workplace,
                                     const strategy::Component& component,
                                     const strategy::Plan& plan, repository::Repository& repository,
                                     const std::string& snapshot, std::stop_token stop) {
  return Exporter(workplace, component, plan, repository, std::move(stop))
      .run(snapshot)
      .with_context(fmt::format("export of {}/{}", component.name, plan.name));
}

}  // namespace holdfast::engine
