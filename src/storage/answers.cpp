// The words of the answers that all storages share.
#include "answers.hpp"

#include "base/bytes.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

std::string quoted(std::string_view name, std::string_view place) {
  std::string text = "object '";
  text += base::printable(name);
  text += "' in ";
  text += place;
  return text;
}

}  // namespace

Error absent(std::string_view name, std::string_view place) {
  return {ErrorCode::not_found, quoted(name, place) + " does not exist"};
}

Error already_exists(std::string_view name, std::string_view place) {
  return {ErrorCode::already_exists, quoted(name, place) + " exists already"};
}

Error invalid_name(std::string_view name, std::string_view place) {
  return {ErrorCode::invalid_argument, quoted(name, place) + ": this is not a name of an object"};
}

Error too_large(std::string_view name, std::uint64_t size, std::uint64_t size_max,
                std::string_view place) {
  return {ErrorCode::damaged, quoted(name, place) + " has " + std::to_string(size) +
                                  " bytes, at most " + std::to_string(size_max) + " were expected"};
}

Error range_past_end(std::string_view name, Range range, std::uint64_t size,
                     std::string_view place) {
  return {ErrorCode::damaged, quoted(name, place) + " ends at byte " + std::to_string(size) +
                                  ", before the end of " + std::to_string(range.size) +
                                  " bytes at " + std::to_string(range.offset)};
}

Error no_retention(std::string_view place) {
  return Error(ErrorCode::unsupported, std::string(place) + " cannot lock objects")
      .with_hint("use a bucket with object lock, or drop the retention from this location");
}

Error no_versions(std::string_view place) {
  return {ErrorCode::unsupported, std::string(place) + " keeps no versions of objects"};
}

Error is_locked(std::string_view name, base::Time until, std::string_view place) {
  return Error(ErrorCode::permission_denied,
               quoted(name, place) + " is locked until " + base::format_utc(until))
      .with_hint("it can be deleted afterwards: a later run does");
}

base::Result<void> check_batch(std::size_t names, std::string_view place) {
  if (names <= remove_names_max) return {};
  return Error(ErrorCode::invalid_argument, std::to_string(names) + " names in one remove in " +
                                                std::string(place) + ", at most " +
                                                std::to_string(remove_names_max) + " are allowed");
}

}  // namespace holdfast::storage
