// The answers that all storages give in the same words: absent, taken, too long, past the end, not
// a name.
#pragma once

#include <string>
#include <string_view>

#include "storage/storage.hpp"

namespace holdfast::storage {

constexpr std::size_t remove_names_max = 1000;

[[nodiscard]] base::Error absent(std::string_view name, std::string_view place);
[[nodiscard]] base::Error already_exists(std::string_view name, std::string_view place);
[[nodiscard]] base::Error invalid_name(std::string_view name, std::string_view place);
[[nodiscard]] base::Error too_large(std::string_view name, std::uint64_t size,
                                    std::uint64_t size_max, std::string_view place);
[[nodiscard]] base::Error range_past_end(std::string_view name, Range range, std::uint64_t size,
                                         std::string_view place);
[[nodiscard]] base::Error no_retention(std::string_view place);
[[nodiscard]] base::Error no_versions(std::string_view place);
[[nodiscard]] base::Error is_locked(std::string_view name, base::Time until,
                                    std::string_view place);
// invalid_argument above remove_names_max.
base::Result<void> check_batch(std::size_t names, std::string_view place);

}  // namespace holdfast::storage
