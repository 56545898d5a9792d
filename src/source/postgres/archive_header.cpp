// As pg_backup_archiver.c writes it: integers are a sign byte and then bytes, the lowest first;
// strings an integer, their size, and then bytes.
#include "source/postgres/archive_header.hpp"

#include <charconv>
#include <string_view>

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::string_view magic = "PGDMP";
constexpr int custom_format = 1;
constexpr int oldest_minor = 12;
constexpr int newest_minor = 16;
constexpr int first_with_compression_byte = 15;
constexpr std::size_t times_fields = 7;  // of when it was made
constexpr std::uint64_t text_size_max = 1024;

Error no_archive(const char* what) {
  return {ErrorCode::damaged, std::string("this is no archive of pg_dump: ") + what};
}

class Cursor {
 public:
  explicit Cursor(base::ByteView bytes) : bytes_(bytes) {}

  Result<int> byte() {
    if (bytes_.empty()) return no_archive("it is cut off");
    const auto value = static_cast<int>(bytes_.front());
    bytes_ = bytes_.subspan(1);
    return value;
  }
  void set_integer_size(int size) { integer_size_ = size; }
  Result<std::int64_t> integer() {
    const bool is_negative = TRY(byte()) != 0;
    std::int64_t value = 0;
    for (int i = 0; i < integer_size_; ++i) {
      value |= static_cast<std::int64_t>(TRY(byte())) << (8 * i);
    }
    return is_negative ? -value : value;
  }
  Result<std::string> text() {
    const auto size = TRY(integer());
    if (size < 0) return std::string();
    if (static_cast<std::uint64_t>(size) > text_size_max) return no_archive("a name is too long");
    const auto count = static_cast<std::size_t>(size);
    if (bytes_.size() < count) return no_archive("it is cut off");
    std::string made(base::as_text(bytes_.first(count)));
    bytes_ = bytes_.subspan(count);
    return made;
  }

 private:
  base::ByteView bytes_;
  int integer_size_ = 4;
};

int major_of(std::string_view version) {
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major;
}

}  // namespace

Result<PostgresArchiveHeader> parse_archive_header(base::ByteView bytes) {
  if (!base::as_text(bytes).starts_with(magic)) return no_archive("it begins with something else");
  Cursor cursor(bytes.subspan(magic.size()));
  const int major = TRY(cursor.byte());
  const int minor = TRY(cursor.byte());
  TRY(cursor.byte());  // revision
  if (major != 1 || minor < oldest_minor || minor > newest_minor) {
    return no_archive("its format is of another time");
  }
  const int integer_size = TRY(cursor.byte());
  if (integer_size < 1 || integer_size > 7) return no_archive("its integers have no size");
  cursor.set_integer_size(integer_size);
  TRY(cursor.byte());  // the size of offsets
  if (TRY(cursor.byte()) != custom_format) return no_archive("its format is not custom");
  if (minor >= first_with_compression_byte) {
    TRY(cursor.byte());
  } else {
    TRY(cursor.integer());
  }
  for (std::size_t i = 0; i < times_fields; ++i) TRY(cursor.integer());
  PostgresArchiveHeader header;
  header.database = TRY(cursor.text());
  header.server_version = TRY(cursor.text());
  header.tool_version = TRY(cursor.text());
  header.server_major = major_of(header.server_version);
  header.tool_major = major_of(header.tool_version);
  return header;
}

}  // namespace holdfast::source
