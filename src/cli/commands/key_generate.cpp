// key generate.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/random.hpp"
#include "commands/handlers.hpp"
#include "invocation.hpp"
#include "io/file.hpp"
#include "repository/identity.hpp"

namespace holdfast::cli {

namespace {

using base::Result;

// Its owner's alone from the first moment, and durable. What was there stays as it was.
Result<void> write_identity(const std::string& path, base::ByteView text) {
  auto file = io::open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!file.ok() && file.error().code() == base::ErrorCode::already_exists) {
    return std::move(file).error().with_hint(
        "an identity is never overwritten: give another name, or remove the file if nothing needs "
        "it any more");
  }
  const auto made = TRY(std::move(file));
  const auto directory = std::filesystem::path(path).parent_path().string();
  auto written = io::write_all(made.get(), text);
  if (written.ok()) written = io::sync_file(made.get());
  if (written.ok()) written = io::sync_directory(directory.empty() ? "." : directory);
  if (!written.ok()) (void)::unlink(path.c_str());
  return written;
}

}  // namespace

Result<ExitCode> run_key_generate(Invocation& invocation) {
  const auto path = TRY(invocation.required("identity"));
  base::SystemRandom random;
  const auto identity = codec::make_box_key_pair(random);
  const auto text = repository::format_identity_file(identity);
  TRY_CONTEXT(write_identity(path, text.view()), "identity");
  const auto recipient = repository::format_recipient(identity.public_key);
  auto& output = invocation.output();
  output.result(recipient);
  output.note(fmt::format(
      "the identity is in {}; whoever has it opens what is made for this recipient, and nobody "
      "without it: keep a copy in another place",
      path));
  if (output.is_json()) {
    auto& json = output.json();
    json.begin_object();
    json.text("recipient", recipient);
    json.text("identity", path);
  }
  return ExitCode::done;
}

}  // namespace holdfast::cli
