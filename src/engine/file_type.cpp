// Asking libmagic about bytes that we read ourselves, so that it opens nothing.
#include "file_type.hpp"

#include <fcntl.h>
#include <magic.h>

#include <cerrno>

#include "base/bytes.hpp"
#include "base/units.hpp"
#include "io/file.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {
constexpr std::size_t looked_at_bytes = base::MiB;

std::string reason(magic_t magic) {
  const char* text = magic == nullptr ? nullptr : ::magic_error(magic);
  return text == nullptr ? "no reason was given" : base::printable(text);
}
}  // namespace

struct FileTypes::State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (magic != nullptr) ::magic_close(magic);
  }
  magic_t magic = nullptr;
  base::Bytes bytes = base::Bytes(looked_at_bytes);
};

FileTypes::FileTypes(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileTypes::FileTypes(FileTypes&&) noexcept = default;
FileTypes& FileTypes::operator=(FileTypes&&) noexcept = default;
FileTypes::~FileTypes() = default;

Result<FileTypes> FileTypes::open() {
  auto state = std::make_unique<State>();
  state->magic = ::magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS);
  if (state->magic == nullptr) return Error::from_errno(errno, "cannot tell types of files");
  if (::magic_load(state->magic, nullptr) != 0) {
    return Error(ErrorCode::not_found,
                 "the description of file types can't be read: " + reason(state->magic))
        .with_hint("it comes with the package libmagic-mgc");
  }
  return FileTypes(std::move(state));
}

Result<std::string> FileTypes::type_of(const std::string& path) {
  const auto file = TRY(io::open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  const auto size = TRY(io::read_some(file.get(), base::MutableByteView(state_->bytes))
                            .with_context(base::printable(path)));
  const char* type = ::magic_buffer(state_->magic, state_->bytes.data(), size);
  if (type == nullptr) {
    return Error(ErrorCode::io, base::printable(path) + " has no type: " + reason(state_->magic));
  }
  return std::string(type);
}

}  // namespace holdfast::engine
